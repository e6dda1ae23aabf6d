"""Compares guarded rows with the last change that the journal has of each (journal.md 9, 10).

Whoever can write the database can set a revoked grant to active; then the row is no longer
what its last entry says. The entries are the truth, the rows are what is found.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vault.journal.entries import Entry, StateChange
from vault.journal.findings import Fault, Finding, StoredEntry


class ObjectName(NamedTuple):
    """A guarded row: its table and its id, as ``StateChange`` names them."""

    object: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """A guarded row as it is found.

    Attributes:
        state: What ``StateChange.became`` would say of it.
    """

    name: ObjectName
    version: int
    state: str


class _Last(NamedTuple):
    at: int
    change: StateChange


class StateCheck:
    """Keeps the last change of each object; memory grows with the objects, not the entries."""

    def __init__(self) -> None:
        """Know no change yet."""
        self._last: dict[ObjectName, _Last] = {}

    def see(self, stored: StoredEntry, entry: Entry) -> Iterator[Finding]:
        """Take the next entry of a log; yield what does not follow from the change before."""
        change = entry.change
        if change is None:
            return
        name = ObjectName(change.object, change.id)
        last = self._last.get(name)
        before = (None, 0) if last is None else (last.change.became, last.change.version)
        if (change.came_from, change.version) != (before[0], before[1] + 1):
            yield _finding(Fault.CHANGE_SKIPS, name, index=stored.index)
        self._last[name] = _Last(stored.index, change)

    def compare(self, rows: Iterable[StateRow]) -> Iterator[Finding]:
        """Yield each row that is not what its last change says, and each that is missing.

        Args:
            rows: All rows of the tables concerned, in any order. An object whose last change
                became nothing (``None``) has no row.
        """
        missing = {
            name: last for name, last in self._last.items() if last.change.became is not None
        }
        for row in rows:
            last = missing.pop(row.name, None)
            if last is None:
                yield _finding(Fault.STATE_INVENTED, row.name)
            elif (last.change.became, last.change.version) != (row.state, row.version):
                yield _finding(Fault.STATE_DIFFERS, row.name, index=last.at)
        for name, last in missing.items():
            yield _finding(Fault.STATE_MISSING, name, index=last.at)


def _finding(fault: Fault, name: ObjectName, *, index: int | None = None) -> Finding:
    return Finding(fault=fault, index=index, what=f"{name.object} {name.id}")
