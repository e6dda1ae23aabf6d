"""kill -9 of one of two processes loses nothing, and the other serves on (journal.md 2).

One writer lives all the time. Beside it another is killed again and again, also while it holds
the head of the log; after each kill the database is held against what both had been told.
"""

import os
import random
import sys
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from scripts.verifying import verify_all
from tests.support.on_disk import entries, holes, missing_files, opened
from tests.support.shared_town import shared_town
from tests.support.writers import KINDS, PATIENCE_SECONDS, Told, lost, writers
from vault.journal.entries import Result

CYCLES = int(os.environ.get("CHAOS_SHARED_CYCLES", "8"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
SHORTEST_MS, LONGEST_MS = 50, 500
EVERY_FIFTH = 5
LONGEST_SILENCE = 3.0
"""Of the one that lives: a killed process gives the head up at once, as its connection ends."""

pytestmark = pytest.mark.chaos


def test_nothing_acknowledged_is_lost_when_one_of_two_processes_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, told, statuses = random.Random(SEED), Told(), list[int]()  # noqa: S311 - repeatable
    counted, silence = list[int](), 0.0
    with (
        shared_town(tmp_path) as shared,
        writers(tmp_path) as living,
        writers(tmp_path) as dying,
    ):
        living.begin(SEED)
        told.lines += living.listen(PATIENCE_SECONDS, until="ready")
        for cycle in range(CYCLES):
            lines, status = dying.live_and_die(
                SEED + 1 + cycle,
                delay=chance.uniform(SHORTEST_MS, LONGEST_MS) / 1000,
                from_birth=cycle % EVERY_FIFTH == 0,
            )
            killed_at = time.monotonic()
            told.lines += living.listen(0)
            heard = living.listen(PATIENCE_SECONDS, until="pull")
            silence = max(silence, time.monotonic() - killed_at)
            counted.append(len(heard))
            told.lines += lines + heard
            statuses.append(status)
            with opened(tmp_path) as found:
                assert lost(found, told) == []
                assert holes(found) == []
        statuses.append(living.kill())
        told.lines += living.listen(0)
        with opened(tmp_path) as found:
            verified = verify_all(found, progress=lambda _done, _size: None)
            recorded, gone, left = entries(found), missing_files(found), lost(found, told)

    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {SEED}: {CYCLES} kills of one of two, {verified.entries} entries,"
            f" {told.counts()}; the other was silent for {silence:.2f} s at most\n"
        )
    assert shared.server.settings["fsync"] is True
    assert statuses == [-SIGKILL] * (CYCLES + 1)
    assert (verified.findings, verified.entries) == ((), len(recorded))
    assert (verified.opened, gone, left) == (verified.entries, [], [])
    assert all(counted)
    assert silence < LONGEST_SILENCE
    for kind, entry_kind in KINDS.items():
        acknowledged = [recorded[line["entry"]] for line in told.of(kind)]
        assert {(e.kind, e.decision and e.decision.result) for e in acknowledged} == {
            (entry_kind, Result.PERMIT)
        }
    assert [line for line in told.of("pull") if line["plain"] != line["expected"]] == []
