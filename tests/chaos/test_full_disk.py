"""A disk that is full: 503, nothing released, nothing lost, and service again with room."""

from pathlib import Path

import pytest

from scripts.verifying import verify_all
from tests.support.founding import open_vault
from tests.support.full_disk import NAME, PERSON, UNSUPPORTED
from tests.support.on_disk import entries, opened
from tests.support.out_of_disk import run
from tests.support.town import Town
from vault.journal.entries import Kind

pytestmark = pytest.mark.chaos

FULL_DISK = "tests.support.full_disk"


@pytest.mark.parametrize("kind", ["folder", "pages"])
def test_a_full_disk_refuses_and_serves_again_with_room(tmp_path: Path, kind: str) -> None:
    status, steps, log = run(FULL_DISK, tmp_path / kind, kind)

    if status == UNSUPPORTED:  # No file system of our own: then the database has no more pages.
        status, steps, log = run(FULL_DISK, tmp_path / "instead", "pages")
    assert status == 0, log
    full, relieved, verified = steps
    assert full["error"][0] == "JournalUnavailableError"
    assert full["released"] >= 1
    assert relieved == {"step": "relieved", "released": True, "revoked": True}
    assert verified == {"step": "verified", "faults": 0, "pulls": full["released"] + 1}
    assert NAME not in log


def test_a_write_that_fails_in_the_commit_ends_the_process_and_loses_nothing(
    tmp_path: Path,
) -> None:
    status, steps, log = run(FULL_DISK, tmp_path, "file")

    assert status != 0
    assert [step["step"] for step in steps] in ([], ["full"])  # It may end before it can say so.
    assert "the outcome of a commit is unknown" in log
    assert NAME not in log
    with open_vault(tmp_path) as vault:
        town = Town(vault)
        again = town.consent(PERSON, town.open_case(PERSON).case_no)
        assert town.pull(again.live).fields["name"] == NAME
        town.revoke(again)
    with opened(tmp_path) as found:
        verified = verify_all(found, progress=lambda _done, _size: None)
        pulls = sum(entry.kind is Kind.PULL for entry in entries(found).values())
    assert verified.findings == ()
    assert pulls >= sum(step["released"] for step in steps) + 1
