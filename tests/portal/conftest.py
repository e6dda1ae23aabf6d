"""One deployment with its portal for each file of tests; each test brings its own people."""

from collections.abc import Iterator

import pytest

from tests.support.portal_world import PortalWorld, open_portal


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """Return a portal that nobody has visited."""
    with open_portal(tmp_path_factory.mktemp("portal")) as found:
        yield found


@pytest.fixture
def world(deployment: PortalWorld) -> Iterator[PortalWorld]:
    """Return the portal; its clock is set back after a test that put it forward."""
    yield deployment
    deployment.clock.ahead = 0
