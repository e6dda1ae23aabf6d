"""Decides the recorded decisions of some days again, and says where the answer is another now."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from scripts.log_reading import Openings, RowsLog
from scripts.reading import LogName, Opened
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.decision_check import DecisionCheck
from vault.journal.entries import Entry
from vault.journal.findings import Fault, Finding, StoredEntry
from vault.journal.leaves import HOURS_OF_A_DAY, Leaf

MAX_DIFFERENCES: Final = 1000
"""What differs beyond this is counted, not kept."""

HOUR_MS: Final = 3_600_000
EVERY: Final = 256
"""Entries between two tellings of how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``starts_ms`` on, and before ``ends_ms``; UTC milliseconds."""

    starts_ms: int
    ends_ms: int

    def may_hold(self, leaf: Leaf) -> bool:
        """Say whether an entry of this leaf, which tells the hour or the day, may lie within."""
        first = leaf.hour * HOUR_MS
        return first < self.ends_ms and first + HOURS_OF_A_DAY * HOUR_MS > self.starts_ms

    def __contains__(self, at_ms: int) -> bool:
        """Say whether an instant lies within."""
        return self.starts_ms <= at_ms < self.ends_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A decision that does not come out again.

    Attributes:
        kind: Of its entry; empty where the entry does not open.
        fault, what: As ``journal verify`` says it: which of bundle, inputs, outcome, reasons.
    """

    origin: str
    index: int
    kind: str
    fault: Fault
    what: str


@dataclass(slots=True)
class Replayed:
    """How it went.

    Attributes:
        entries: That lie in the period, with or without a decision.
        gone: Entries whose content was deleted when its time was over; nothing to decide again.
        by_kind: How many decisions were decided again, for each kind of entry.
        count: How many differences there are; the first thousand are kept.
    """

    entries: int = 0
    gone: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    count: int = 0

    @property
    def decisions(self) -> int:
        """How many decisions were decided again."""
        return self.by_kind.total()

    def differs(self, found: Difference) -> None:
        """Take down a difference."""
        self.count += 1
        if len(self.differences) < MAX_DIFFERENCES:
            self.differences.append(found)


def replay_decisions(
    opened: Opened, period: Period, *, progress: Callable[[int, int], None]
) -> Replayed:
    """Decide everything in ``period`` again, each under the policies that its entry names.

    Args:
        opened: The deployment.
        period: Which entries.
        progress: Told how many of how many entries were read, over all logs.
    """
    replayed, done = Replayed(), 0
    for log in opened.logs:
        check = _LogReplay(opened, log, period=period, replayed=replayed)
        for stored in RowsLog(opened.connection, log_id=log.log_id, year=log.year).entries(0):
            check.take(stored)
            done += 1
            if done % EVERY == 0:
                progress(done, opened.size)
    progress(done, opened.size)
    return replayed


class _LogReplay:
    """One pass over a log."""

    def __init__(
        self, opened: Opened, log: LogName, *, period: Period, replayed: Replayed
    ) -> None:
        self._origin, self._period, self._replayed = log.origin, period, replayed
        self._open = Openings(opened.tx, keyring=opened.keyring, log_id=log.log_id)
        self._check = DecisionCheck(
            open_inputs=self._open.inputs, bundle_text=cache(opened.tx.policies.text)
        )

    def take(self, stored: StoredEntry) -> None:
        try:
            if not self._period.may_hold(Leaf.from_bytes(stored.leaf)):
                return
            if stored.payload is None:
                self._replayed.gone += 1
                return
            entry = self._open(stored)
        except (IntegrityError, InvalidInputError):
            self._differs(stored, Finding(fault=Fault.DOES_NOT_OPEN), kind="")
            return
        if entry.at_ms in self._period:
            self._see(stored, entry)

    def _see(self, stored: StoredEntry, entry: Entry) -> None:
        self._replayed.entries += 1
        before = self._check.replayed
        found: Iterator[Finding] = self._check.see(stored, entry)
        for finding in found:
            self._differs(stored, finding, kind=entry.kind.value)
        self._replayed.by_kind[entry.kind.value] += self._check.replayed - before

    def _differs(self, stored: StoredEntry, finding: Finding, *, kind: str) -> None:
        self._replayed.differs(
            Difference(
                origin=self._origin,
                index=stored.index,
                kind=kind,
                fault=finding.fault,
                what=finding.what,
            )
        )
