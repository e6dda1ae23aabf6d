"""One deployment for each file of tests; each test brings its own people."""

from collections.abc import Iterator

import pytest

from tests.support.http_world import HttpWorld, open_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpWorld]:
    """Return a deployment with three departments' systems."""
    with open_world(tmp_path_factory.mktemp("world")) as found:
        yield found
