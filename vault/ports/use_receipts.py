"""Use-receipts: opened by the journal with each pull, moved on by operations of departments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vault.ids import DepartmentId, EntryId, Space
from vault.use_receipts import UseReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a department stands.

    Attributes:
        owed: Not yet filed, and not yet due.
        overdue: Not yet filed though due, or used and not known to be deleted after its day.
    """

    department_id: DepartmentId
    owed: int
    overdue: int
    filed: int


class UseReceipts(Protocol):
    """Use-receipts, by the pull that opened them."""

    def get(self, space: Space, *, entry_id: EntryId) -> UseReceipt | None:
        """Return the use-receipt of a pull, or ``None``."""

    def found(self, department_id: DepartmentId, *, entry_id: EntryId) -> UseReceipt | None:
        """Return the use-receipt of a department's own pull, or ``None``."""

    def open(self, receipts: Sequence[UseReceipt]) -> None:
        """Write new ones."""

    def replace(self, receipt: UseReceipt, *, before: UseReceipt) -> None:
        """Write one over ``before``; ``ConflictError`` where it does not stand so any more."""

    def outstanding(
        self, department_id: DepartmentId, *, after: UseReceipt | None, limit: int, today: int
    ) -> tuple[UseReceipt, ...]:
        """Return what a department still has to say, by when it is due.

        Args:
            department_id: Whose.
            after: The last one of the page before.
            limit: How many at most.
            today: Days since 1970-01-01 of the legal day; used ones kept until before it count.
        """

    def standings(self, *, now_ms: int, today: int) -> tuple[Standing, ...]:
        """Return how each department stands that has pulled."""
