"""Logs on PostgreSQL, of their own server where it is ill-treated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support.postgres import migrated
from tests.support.writer import World, open_world_on


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return an empty log whose writer has not started."""
    with migrated() as server, open_world_on(server, tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """Return what the code under test tells the operator."""
    with capture_logs() as told:
        yield told
