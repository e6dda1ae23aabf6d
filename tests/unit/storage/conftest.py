"""A database of its own for each test, and a log in it where one is wanted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from storage.database import Database
from storage.sqlite import open_sqlite
from tests.support.guarded import unlocked
from tests.support.postgres import migrated
from tests.support.writer import World, open_world, open_world_on


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return an empty database."""
    with open_sqlite(tmp_path / "data" / "vault.db", threads=8) as opened:
        yield unlocked(opened)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[World]:
    """Return an empty log in SQLite whose writer has not started."""
    with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[World]:
    """Return an empty log in PostgreSQL whose writer has not started."""
    with migrated() as server, open_world_on(server, tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return an empty log, of each kind, whose writer has not started."""
    if request.param == "sqlite":
        with open_world(tmp_path) as opened:
            yield opened
        return
    with migrated() as server, open_world_on(server, tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """Return what the code under test tells the operator."""
    with capture_logs() as told:
        yield told
