"""One application for one service item: what a pull is for (domain.md 3.3).

This is the smallest true form: number, item, department, applicant, state. The engine
with steps, clocks and promises stands on top of it later.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vault.ids import CaseNumber, DepartmentId, Space


class CaseState(StrEnum):
    """States of a case (domain.md 3.3)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    TO_COMPLETE = "to_complete"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    DECIDED = "decided"
    DELIVERED = "delivered"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"


OPEN_STATES: Final = frozenset(
    {
        CaseState.SUBMITTED,
        CaseState.TO_COMPLETE,
        CaseState.ACCEPTED,
        CaseState.IN_PROGRESS,
        CaseState.PAUSED,
    }
)
"""A pull needs its case in one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case. Its number names the item, so it is personal data: never in a public URL."""

    space: Space
    case_no: CaseNumber
    department_id: DepartmentId
    item: str
    state: CaseState
    opened_at_ms: int
    version: int
