"""kill -9 at any moment loses nothing that was acknowledged (architecture: decisions 5 and 6).

A writer with six threads is killed again and again while it deposits, takes up cases, consents,
pulls, narrows and revokes. After each kill the vault is opened anew and held against what the
writer had been told; at the end the whole log is replayed.

Here a sample; by hand more threads that live longer::

    export CHAOS_THREADS=32 CHAOS_CYCLES=20 CHAOS_LONGEST_MS=20000
    .venv/bin/pytest -s tests/chaos -k by_kill_9
"""

import os
import random
import sys
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from scripts.verifying import verify_all
from tests.support.founding import found_town, open_vault
from tests.support.on_disk import entries, holes, missing_files, opened
from tests.support.writers import KINDS, Told, lost, writers
from vault.journal.entries import Result

CYCLES = int(os.environ.get("CHAOS_CYCLES", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
SHORTEST_MS = 50
LONGEST_MS = int(os.environ.get("CHAOS_LONGEST_MS", "500"))
EVERY_FIFTH = 5

pytestmark = pytest.mark.chaos


def test_nothing_acknowledged_is_lost_by_kill_9(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, told, statuses = random.Random(SEED), Told(), list[int]()  # noqa: S311 - repeatable
    found_town(tmp_path)
    with writers(tmp_path) as lives:
        for cycle in range(CYCLES):
            lines, status = lives.live_and_die(
                SEED + cycle,
                delay=chance.uniform(SHORTEST_MS, LONGEST_MS) / 1000,
                from_birth=cycle % EVERY_FIFTH == 0,
            )
            told.lines += lines
            statuses.append(status)
            with opened(tmp_path) as found:
                assert lost(found, told) == []
                assert holes(found) == []
    with open_vault(tmp_path) as vault:
        assert vault.journal.waiting
    with opened(tmp_path) as found:
        verified = verify_all(found, progress=lambda _done, _size: None)
        recorded = entries(found)
        gone = missing_files(found)
        revoked = found.connection.exec_driver_sql(
            "SELECT grant_id FROM oauth_grant WHERE status = 'revoked'"
        ).fetchall()
        records = found.connection.exec_driver_sql("SELECT record_id FROM record").fetchall()

    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {SEED}: {CYCLES} kills, {verified.entries} entries, {told.counts()}\n"
        )
    assert statuses == [-SIGKILL] * CYCLES
    assert (verified.findings, verified.entries) == ((), len(recorded))
    assert verified.opened == verified.entries
    assert gone == []
    for kind, entry_kind in KINDS.items():
        acknowledged = [recorded[line["entry"]] for line in told.of(kind)]
        assert acknowledged
        assert {(e.kind, e.decision and e.decision.result) for e in acknowledged} == {
            (entry_kind, Result.PERMIT)
        }
    assert [line for line in told.of("pull") if line["plain"] != line["expected"]] == []
    assert {line["grant"] for line in told.of("revoke")} <= {row[0].hex() for row in revoked}
    assert {line["record"] for line in told.of("deposit")} <= {row[0].hex() for row in records}
