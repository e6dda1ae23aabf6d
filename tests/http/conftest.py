"""One deployment for each file of tests; each test brings its own people."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from api.settings import PostgresqlSettings
from tests.support.http_world import HttpWorld, open_world
from tests.support.postgres import server_for_tests


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HttpWorld]:
    """Return a deployment with three departments' systems, on each kind of database."""
    with ExitStack() as stack:
        server = None
        if request.param == "postgresql":
            durable = stack.enter_context(server_for_tests(settings={"fsync": True}))
            server = PostgresqlSettings(
                address=durable.address(), password_file=durable.password_file
            )
        folder = tmp_path_factory.mktemp("world")
        yield stack.enter_context(open_world(folder, postgresql=server))
