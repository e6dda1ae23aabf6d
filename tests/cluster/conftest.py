"""The whole topology, once for all tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from scripts.local.accounts import open_folder
from scripts.local.cluster import Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Return a cluster whose every part runs."""
    with (
        open_folder() as folder,
        running_cluster(folder, port=0, kept=False, step=lambda _: None) as running,
    ):
        yield running
