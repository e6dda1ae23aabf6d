"""Processes that keep a vault busy and are killed; and what they had been told till then."""

import json
import os
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
from typing import Any, Final

from scripts.reading import Opened
from tests.support.tree import ROOT
from vault.journal.entries import Kind

PATIENCE_SECONDS: Final = 60.0
WRITER: Final = "tests.support.chaos_writer"

KINDS: Final = {
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
        """Return what was told of one kind."""
        return [line for line in self.lines if line["kind"] == kind]

    def counts(self) -> dict[str, int]:
        """Count what was told, by kind."""
        return dict(Counter(line["kind"] for line in self.lines))


class Writers:
    """Starts writers and kills them."""

    def __init__(self, folder: Path, *, program: str = WRITER) -> None:
        """Start the parent of writers, which imports what they need."""
        self._heard, write_end = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", program, str(folder), str(write_end)],
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
        self.begin(seed)
        lines = [] if from_birth else self.listen(PATIENCE_SECONDS, until="ready")
        lines += self.listen(delay)
        status = self.kill()
        return lines + self.listen(0), status

    def begin(self, order: int | str) -> None:
        """Let a writer live, by a seed or whatever else its program reads in a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(order, file=self._process.stdin, flush=True)
        self._child = int(self._process.stdout.readline())

    def kill(self) -> int:
        """End it; return how it ended: minus the signal, unless it had ended by itself."""
        assert self._process.stdout is not None
        os.kill(self._child, SIGKILL)
        return int(self._process.stdout.readline())

    def listen(self, seconds: float, *, until: str = "") -> list[Line]:
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
def writers(folder: Path, *, program: str = WRITER) -> Iterator[Writers]:
    """Run the parent of writers while the block runs."""
    found = Writers(folder, program=program)
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
