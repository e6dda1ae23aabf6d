"""A database server whose disk is full: 503, nothing released, and service again with room."""

from pathlib import Path

import pytest

from tests.support.full_disk import NAME, UNSUPPORTED
from tests.support.out_of_disk import run

pytestmark = pytest.mark.chaos

FULL_SERVER = "tests.support.full_server"


@pytest.mark.parametrize("kind", ["volume", "said"])
def test_a_server_without_room_releases_nothing_and_serves_again_with_room(
    tmp_path: Path, kind: str
) -> None:
    status, steps, log = run(FULL_SERVER, tmp_path / kind, kind)

    if status == UNSUPPORTED:  # No file system of our own: then the server only says so.
        status, steps, log = run(FULL_SERVER, tmp_path / "instead", "said")
    assert status == 0, log
    full, relieved, verified = steps
    assert full["error"] == ["JournalUnavailableError", "NoRoomError"]
    assert relieved == {"step": "relieved", "released": True, "revoked": True}
    assert verified == {
        "step": "verified",
        "faults": 0,
        "holes": [],
        "pulls": full["released"] + 1,
    }
    assert NAME not in log
