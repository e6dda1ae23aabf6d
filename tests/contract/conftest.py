"""Each contract test runs over the plain model, SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import Ports, open_ports


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    """Return an empty vault of one kind."""
    with open_ports(request.param, tmp_path) as opened:
        yield opened
