"""A database of its own for each test, and a log in it where one is wanted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from storage.database import Database
from storage.sqlite import open_sqlite
from tests.support.writer import World, open_world


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return an empty database."""
    with open_sqlite(tmp_path / "data" / "vault.db", threads=8) as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return an empty log whose writer has not started."""
    with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """Return what the code under test tells the operator."""
    with capture_logs() as told:
        yield told
