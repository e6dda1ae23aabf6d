"""Folders that an ordinary user can get to, which pytest's own are not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.accounts import open_folder
from scripts.local.postgresql import Postgresql, running_postgresql


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


@pytest.fixture(scope="module")
def calm() -> Iterator[Postgresql]:
    """Return a server for tests that leave it as it was."""
    with open_folder() as folder, running_postgresql(folder / "server") as server:
        yield server
