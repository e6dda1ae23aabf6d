"""kill -9 at any moment loses nothing that was acknowledged (architecture: decisions 5 and 6).

A writer with six threads is killed again and again while it deposits, takes up cases, consents,
pulls, narrows and revokes. After each kill the vault is opened anew and held against what the
writer had been told; at the end the whole log is replayed.
"""

import json
import os
import random
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from scripts.reading import Opened
from scripts.verifying import verify_all
from tests.support.on_disk import entries, holes, missing_files, opened
from tests.support.town import found_town, open_vault
from tests.support.tree import ROOT
from vault.journal.entries import Kind, Result

CYCLES = int(os.environ.get("CHAOS_CYCLES", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
SHORTEST_MS, LONGEST_MS = 50, 500
EVERY_FIFTH = 5
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.chaos

KINDS = {
    "deposit": Kind.DEPOSIT,
    "case": Kind.CASE_OPEN,
    "consent": Kind.CONSENT_GIVE,
    "pull": Kind.PULL,
    "narrow": Kind.CONSENT_NARROW,
    "revoke": Kind.CONSENT_REVOKE,
}

Line = dict[str, Any]


@dataclass
class Told:
    """What the writers were told, over all their lives."""

    lines: list[Line] = field(default_factory=list)

    def of(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind]

    def counts(self) -> dict[str, int]:
        return dict(Counter(line["kind"] for line in self.lines))


class Writers:
    """Starts writers and kills them."""

    def __init__(self, folder: Path) -> None:
        self._heard, write_end = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.support.chaos_writer", str(folder), str(write_end)],
            cwd=ROOT,
            pass_fds=(write_end,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.close(write_end)
        os.set_blocking(self._heard, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._heard, selectors.EVENT_READ)
        self._rest = b""

    def live_and_die(self, seed: int, *, delay: float, from_birth: bool) -> tuple[list[Line], int]:
        """Let a writer live for ``delay`` seconds from its birth, or from when it is ready.

        Returns:
            What it was told, and how it ended: minus the signal.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(seed, file=self._process.stdin, flush=True)
        child = int(self._process.stdout.readline())
        lines = [] if from_birth else self._listen(PATIENCE_SECONDS, until="ready")
        lines += self._listen(delay)
        os.kill(child, SIGKILL)
        status = int(self._process.stdout.readline())
        return lines + self._listen(0), status

    def _listen(self, seconds: float, *, until: str = "") -> list[Line]:
        end, found = time.monotonic() + seconds, list[Line]()
        while self._selector.select(max(0, end - time.monotonic())):
            *whole, self._rest = (self._rest + os.read(self._heard, 65536)).split(b"\n")
            found += [json.loads(line) for line in whole]
            if until and any(line["kind"] == until for line in found):
                break
        return found

    def close(self) -> None:
        """End the parent of the writers."""
        self._process.communicate(timeout=PATIENCE_SECONDS)
        self._selector.close()
        os.close(self._heard)


@contextmanager
def writers(folder: Path) -> Iterator[Writers]:
    found = Writers(folder)
    try:
        yield found
    finally:
        found.close()


def lost(found: Opened, told: Told) -> list[Line]:
    """Return what was acknowledged and is not in the log at its index."""
    rows = found.connection.exec_driver_sql("SELECT idx, entry_id FROM journal_entry")
    there = {(index, entry_id.hex()) for index, entry_id in rows}
    acknowledged = [line for line in told.lines if line["kind"] in KINDS]
    return [line for line in acknowledged if (line["index"], line["entry"]) not in there]


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
