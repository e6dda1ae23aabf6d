"""One world per test."""

from collections.abc import Iterator

import pytest

from tests.support.oauth_world import World


@pytest.fixture
def world() -> Iterator[World]:
    """Return a server that nobody has used."""
    found = World()
    with found.http:
        yield found
