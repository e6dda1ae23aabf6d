"""A world for each test; in memory, so that thousands of them take seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a vault with three departments and nobody's space."""
    with open_world("memory", tmp_path) as opened:
        yield opened
