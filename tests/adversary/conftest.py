"""A deployment of each kind for each attempt."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.local.postgresql import Postgresql
from tests.support.founding import found_town, put_on
from tests.support.postgres import fresh_database, server_for_tests


@pytest.fixture(scope="session")
def durable() -> Iterator[Postgresql]:
    """Run a server that keeps what it says it keeps."""
    with server_for_tests(settings={"fsync": True}) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a town that was founded, on each kind of database."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            server = request.getfixturevalue("durable")
            database = stack.enter_context(fresh_database(server))
            put_on(tmp_path, address=database.address, password_file=database.password_file)
        found_town(tmp_path)
        yield tmp_path
