"""Use-receipts in memory."""

from collections.abc import Sequence
from datetime import timedelta

from tests.support.memory.rows import Rows
from vault.errors import ConflictError
from vault.ids import DepartmentId, EntryId, Space
from vault.ports.use_receipts import Standing
from vault.use_receipts import EPOCH, UseReceipt, UseState


class MemoryUseReceipts:
    """Implements ``vault.ports.UseReceipts``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, space: Space, *, entry_id: EntryId) -> UseReceipt | None:
        found = self._rows.use_receipts.get(entry_id)
        return found if found is not None and found.space == space else None

    def found(self, department_id: DepartmentId, *, entry_id: EntryId) -> UseReceipt | None:
        found = self._rows.use_receipts.get(entry_id)
        return found if found is not None and found.department_id == department_id else None

    def open(self, receipts: Sequence[UseReceipt]) -> None:
        for receipt in receipts:
            self._rows.use_receipts.add(receipt.entry_id, receipt)

    def replace(self, receipt: UseReceipt, *, before: UseReceipt) -> None:
        if self._rows.use_receipts.get(receipt.entry_id) != before:
            raise ConflictError("this was changed by somebody else; read it again")
        self._rows.use_receipts[receipt.entry_id] = receipt

    def outstanding(
        self, department_id: DepartmentId, *, after: UseReceipt | None, limit: int, today: int
    ) -> tuple[UseReceipt, ...]:
        found = sorted(
            (
                one
                for one in self._rows.use_receipts.values()
                if one.department_id == department_id
                and (one.state is UseState.OWED or _to_purge(one, today))
            ),
            key=_order,
        )
        return tuple(one for one in found if after is None or _order(one) > _order(after))[:limit]

    def standings(self, *, now_ms: int, today: int) -> tuple[Standing, ...]:
        departments = {one.department_id for one in self._rows.use_receipts.values()}
        return tuple(self._standing(one, now_ms, today) for one in sorted(departments))

    def _standing(self, department_id: DepartmentId, now_ms: int, today: int) -> Standing:
        theirs = [r for r in self._rows.use_receipts.values() if r.department_id == department_id]
        late = [one for one in theirs if _to_purge(one, today) or one.overdue(now_ms=now_ms)]
        owed = [one for one in theirs if one.state is UseState.OWED and one not in late]
        return Standing(
            department_id=department_id,
            owed=len(owed),
            overdue=len(late),
            filed=len(theirs) - len(late) - len(owed),
        )


def _order(receipt: UseReceipt) -> tuple[int, bytes]:
    return receipt.due_at_ms, receipt.entry_id


def _to_purge(receipt: UseReceipt, today: int) -> bool:
    day = EPOCH + timedelta(days=today)
    return receipt.kept_until is not None and receipt.kept_until + timedelta(days=1) < day
