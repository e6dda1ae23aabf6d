"""Folders that an ordinary user can get to, which pytest's own are not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.postgresql import Postgresql, running_postgresql
from scripts.local.postgresql_files import open_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder for servers."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def server(folder: Path) -> Iterator[Postgresql]:
    """Return a server of a test's own, which it may ill-treat."""
    with running_postgresql(folder / "server") as server:
        yield server
