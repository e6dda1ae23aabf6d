"""A database server whose disk is full: 503, nothing released, and service again with room."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.full_disk import NAME, UNSUPPORTED
from tests.support.tree import ROOT

pytestmark = pytest.mark.chaos


def run(folder: Path, kind: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run a server out of disk; return how it ended, its steps and the log of the program."""
    folder.mkdir()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.support.full_server", str(folder), kind],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("kind", ["volume", "said"])
def test_a_server_without_room_releases_nothing_and_serves_again_with_room(
    tmp_path: Path, kind: str
) -> None:
    status, steps, log = run(tmp_path / kind, kind)

    if status == UNSUPPORTED:  # No file system of our own: then the server only says so.
        status, steps, log = run(tmp_path / "instead", "said")
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
