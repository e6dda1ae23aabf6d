"""What holders demand about what a department did (PIPL 44, 45, 47, 48, 50, 65).

A demand has a date by which it is answered, and ends in an answer or in a refusal with reasons.
Asking and answering are entries of the holder's journal; the row is where the matter stands.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from vault.clock import MS
from vault.errors import ConflictError, InvalidInputError
from vault.ids import DepartmentId, EntryId, Space

DAY_MS: Final = 86_400 * MS
MAX_TEXT_CHARACTERS: Final = 2000
MAX_COMPLAINT_CHARACTERS: Final = 1000


class DemandKind(StrEnum):
    """What is demanded."""

    EXPLAIN = "explain"
    DELETE = "delete"
    COMPLAIN = "complain"
    """Of whoever runs the vault: the department neither sees nor answers it."""


class DemandState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the department says.

    Attributes:
        outcome: ``answered``: explained, or deleted; or ``refused``.
        text: The explanation, how it was deleted, or why not.
    """

    outcome: DemandState
    text: str

    def __post_init__(self) -> None:
        """Refuse what is no answer."""
        if self.outcome is DemandState.OPEN:
            raise InvalidInputError("the outcome is answered or refused", field="outcome")
        if not self.text.strip():
            raise InvalidInputError("an answer says something", field="text")
        if len(self.text) > MAX_TEXT_CHARACTERS:
            raise InvalidInputError("the answer is too long", field="text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A demand of a holder; holds no words of anybody.

    Attributes:
        demand_id: Entry of the asking.
        about: Entry of the pull.
        asked_at_ms, due_at_ms, answered_at_ms: UTC milliseconds.
        answer_entry: Entry of the answer, which has its words.
    """

    space: Space
    demand_id: EntryId
    about: EntryId
    department_id: DepartmentId
    kind: DemandKind
    asked_at_ms: int
    due_at_ms: int
    state: DemandState = DemandState.OPEN
    answered_at_ms: int | None = None
    answer_entry: EntryId | None = None

    @classmethod
    def asked(
        cls,
        *,
        space: Space,
        demand_id: EntryId,
        about: EntryId,
        department_id: DepartmentId,
        kind: DemandKind,
        at_ms: int,
        days: int,
    ) -> Self:
        """Return a new demand, due within ``days``."""
        return cls(
            space=space,
            demand_id=demand_id,
            about=about,
            department_id=department_id,
            kind=kind,
            asked_at_ms=at_ms,
            due_at_ms=at_ms + days * DAY_MS,
        )

    def answered(self, answer: Answer, *, entry_id: EntryId, at_ms: int) -> Self:
        """Return the demand after ``answer``, whose entry is ``entry_id``.

        Raises:
            ConflictError: It was answered before.
        """
        if self.state is not DemandState.OPEN:
            raise ConflictError("this was answered already")
        return replace(self, state=answer.outcome, answered_at_ms=at_ms, answer_entry=entry_id)

    def overdue(self, *, now_ms: int) -> bool:
        """Say whether the department should have answered by now."""
        return self.state is DemandState.OPEN and self.due_at_ms < now_ms


def check_words(kind: DemandKind, text: str) -> None:
    """Refuse a complaint without words, and words where none are asked for.

    Raises:
        InvalidInputError: There are too few, too many, or any at all.
    """
    if kind is not DemandKind.COMPLAIN and text:
        raise InvalidInputError("only a complaint has words", field="text")
    if kind is DemandKind.COMPLAIN and not text.strip():
        raise InvalidInputError("say what you complain of", field="text")
    if len(text) > MAX_COMPLAINT_CHARACTERS:
        raise InvalidInputError("a complaint has at most 1000 characters", field="text")
