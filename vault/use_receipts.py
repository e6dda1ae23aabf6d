"""What a department owes for each piece of evidence: saying what it was used for, and its end.

A pull opens a use-receipt. The department closes it by its own word: used for a decision and
kept until a day, or not used, or gone. Each word is an entry of the holder's journal; the row is
where it stands, so that what is missing can be found without opening anything (journal.md 9).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Self

from vault.clock import MS, legal_day
from vault.errors import ConflictError, InvalidInputError
from vault.ids import DepartmentId, EntryId, Space

DAY_MS: Final = 86_400 * MS
MAX_DECISION_CHARACTERS: Final = 128
EPOCH: Final = date(1970, 1, 1)


class UseState(StrEnum):
    """Where a use-receipt stands."""

    OWED = "owed"
    USED = "used"
    UNUSED = "unused"
    PURGED = "purged"


_AFTER: Final = {
    UseState.OWED: frozenset({UseState.USED, UseState.UNUSED}),
    UseState.USED: frozenset({UseState.USED, UseState.PURGED}),
    UseState.UNUSED: frozenset[UseState](),
    UseState.PURGED: frozenset[UseState](),
}
"""What may be said after what. Evidence that is gone stays gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseReport:
    """What a department says.

    Attributes:
        outcome: Any state but ``owed``.
        decision: Number of the decision that it was used for; with ``used`` alone.
        kept_until: Last legal day on which it is kept; with ``used`` alone.
    """

    outcome: UseState
    decision: str | None = None
    kept_until: date | None = None

    def __post_init__(self) -> None:
        """Refuse what says too little or too much."""
        if self.outcome is UseState.OWED:
            raise InvalidInputError("the outcome is used, unused or purged", field="outcome")
        used = self.outcome is UseState.USED
        if used and not (self.decision and self.decision.strip()):
            raise InvalidInputError("name the decision it was used for", field="decision")
        if used and self.kept_until is None:
            raise InvalidInputError("say until which day it is kept", field="kept_until")
        if not used and self.decision is not None:
            raise InvalidInputError("only what was used has a decision", field="decision")
        if not used and self.kept_until is not None:
            raise InvalidInputError("what is not kept has no day", field="kept_until")
        if self.decision is not None and len(self.decision) > MAX_DECISION_CHARACTERS:
            raise InvalidInputError("the number of a decision is too long", field="decision")


@dataclass(frozen=True, slots=True, kw_only=True)
class UseReceipt:
    """Where a department's duty about one pull stands; holds no number and no value.

    Attributes:
        entry_id: Of the pull.
        pulled_at_ms, due_at_ms: UTC milliseconds; after ``due_at_ms`` an owed one is overdue.
        keep_at_most: Last legal day on which the holder's consent lets it be kept.
        kept_until: As the department said.
        filed_entry: Entry of its last word.
    """

    space: Space
    entry_id: EntryId
    department_id: DepartmentId
    pulled_at_ms: int
    due_at_ms: int
    keep_at_most: date
    state: UseState = UseState.OWED
    kept_until: date | None = None
    filed_at_ms: int | None = None
    filed_entry: EntryId | None = None

    @classmethod
    def opened(
        cls,
        *,
        space: Space,
        entry_id: EntryId,
        department_id: DepartmentId,
        at_ms: int,
        days: int,
        retention_days: int,
    ) -> Self:
        """Return what a pull at ``at_ms`` leaves, due within ``days``."""
        return cls(
            space=space,
            entry_id=entry_id,
            department_id=department_id,
            pulled_at_ms=at_ms,
            due_at_ms=at_ms + days * DAY_MS,
            keep_at_most=legal_day(at_ms) + timedelta(days=retention_days),
        )

    def reported(self, report: UseReport, *, entry_id: EntryId, at_ms: int) -> Self:
        """Return the receipt after ``report``, whose entry is ``entry_id``.

        Raises:
            ConflictError: It was closed already, or is not yet used.
            InvalidInputError: It would be kept longer than the holder agreed to.
        """
        if report.outcome not in _AFTER[self.state]:
            raise ConflictError(f"{report.outcome} cannot be said of what is {self.state}")
        kept_until = report.kept_until
        if kept_until is not None and not legal_day(at_ms) <= kept_until <= self.keep_at_most:
            raise InvalidInputError(
                f"it may be kept until {self.keep_at_most.isoformat()}", field="kept_until"
            )
        return replace(
            self,
            state=report.outcome,
            kept_until=kept_until,
            filed_at_ms=at_ms,
            filed_entry=entry_id,
        )

    def overdue(self, *, now_ms: int) -> bool:
        """Say whether the department is late: with its word, or with deleting."""
        if self.state is UseState.USED and self.kept_until is not None:
            return legal_day(now_ms) > self.kept_until + timedelta(days=1)
        return self.state is UseState.OWED and self.due_at_ms < now_ms


def days_of(day: date) -> int:
    """Return the days from 1970-01-01 to ``day``: how days are kept in columns."""
    return (day - EPOCH).days
