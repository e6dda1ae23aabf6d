"""Use-receipts, by pull and by department."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, bindparam, case, func, insert, or_, select, tuple_, update

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import but_key, keyed
from storage.tables.columns import table_of
from storage.tables.use_receipts import UseReceiptRow
from vault.ids import DepartmentId, EntryId, HolderId, Space
from vault.ports.use_receipts import Standing
from vault.use_receipts import EPOCH, UseReceipt, UseState, days_of

_T: Final = table_of(UseReceiptRow)
_KEY: Final = ("log_id", "holder_id", "entry_id")
_FIRST: Final = (-1, b"")
"""Before every due date and id."""

OPENED_COLUMNS: Final = (
    *("log_id", "holder_id", "entry_id", "department_id", "pulled_at_ms", "due_at_ms"),
    *("keep_at_most", "state"),
)
"""What the journal writes when a pull opens one; the rest is absent."""

# Used, and the day until which it is kept is over: then it must be known to be deleted.
_USED: Final = _T.c.state == UseState.USED.value
_TO_PURGE: Final = and_(_USED, _T.c.kept_until < bindparam("today") - 1)
_OWED: Final = _T.c.state == UseState.OWED.value
_LATE: Final = or_(and_(_OWED, _T.c.due_at_ms < bindparam("now_ms")), _TO_PURGE)

_GET: Final = Prepared(select(_T).where(keyed(_T, *_KEY)))
_FOUND: Final = Prepared(select(_T).where(keyed(_T, "department_id", "entry_id")))
_OPEN: Final = Prepared(insert(_T))
_REPLACE: Final = Prepared(
    update(_T)
    .where(
        keyed(_T, *_KEY),
        _T.c.state == bindparam("before"),
        func.coalesce(_T.c.filed_at_ms, -1) == bindparam("before_ms"),
    )
    .values(**but_key(_T))
)
_OUTSTANDING: Final = Prepared(
    select(_T)
    .where(
        keyed(_T, "department_id"),
        or_(_OWED, _TO_PURGE),
        tuple_(_T.c.due_at_ms, _T.c.entry_id)
        > tuple_(bindparam("after_ms"), bindparam("after_id")),
    )
    .order_by(_T.c.due_at_ms, _T.c.entry_id)
    .limit(bindparam("most"))
)
_STANDINGS: Final = Prepared(
    select(
        _T.c.department_id,
        func.sum(case((_LATE, 0), (_OWED, 1), else_=0)),
        func.sum(case((_LATE, 1), else_=0)),
        func.sum(case((or_(_LATE, _OWED), 0), else_=1)),
    )
    .group_by(_T.c.department_id)
    .order_by(_T.c.department_id)
)


class SqlUseReceipts:
    """Implements ``vault.ports.UseReceipts``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space, *, entry_id: EntryId) -> UseReceipt | None:
        """Return the use-receipt of a pull, or ``None``."""
        row = _GET.one(self._driver, **space._asdict(), entry_id=entry_id)
        return None if row is None else _receipt(row)

    def found(self, department_id: DepartmentId, *, entry_id: EntryId) -> UseReceipt | None:
        """Return the use-receipt of a department's own pull, or ``None``."""
        row = _FOUND.one(self._driver, department_id=department_id, entry_id=entry_id)
        return None if row is None else _receipt(row)

    def open(self, receipts: Sequence[UseReceipt]) -> None:
        """Write new ones."""
        for receipt in receipts:
            _OPEN.change(self._driver, **_columns(receipt))

    def replace(self, receipt: UseReceipt, *, before: UseReceipt) -> None:
        """Write one over ``before``, if it stands so."""
        _REPLACE.change_one(
            self._driver,
            **_columns(receipt),
            before=before.state.value,
            before_ms=-1 if before.filed_at_ms is None else before.filed_at_ms,
        )

    def outstanding(
        self, department_id: DepartmentId, *, after: UseReceipt | None, limit: int, today: int
    ) -> tuple[UseReceipt, ...]:
        """Return what a department still has to say, by when it is due."""
        after_ms, after_id = _FIRST if after is None else (after.due_at_ms, after.entry_id)
        rows = _OUTSTANDING.all(
            self._driver,
            department_id=department_id,
            today=today,
            after_ms=after_ms,
            after_id=after_id,
            most=limit,
        )
        return tuple(map(_receipt, rows))

    def standings(self, *, now_ms: int, today: int) -> tuple[Standing, ...]:
        """Return how each department stands that has pulled."""
        return tuple(
            Standing(
                department_id=DepartmentId(department_id),
                owed=int(owed),
                overdue=int(overdue),
                filed=int(filed),
            )
            for department_id, owed, overdue, filed in _STANDINGS.all(
                self._driver, now_ms=now_ms, today=today
            )
        )


def opened_row(receipt: UseReceipt) -> tuple[object, ...]:
    """Return the columns of a new one, as ``OPENED_COLUMNS`` names them."""
    columns = _columns(receipt)
    return tuple(columns[name] for name in OPENED_COLUMNS)


def _columns(receipt: UseReceipt) -> dict[str, object]:
    kept = receipt.kept_until
    return {
        **receipt.space._asdict(),
        "entry_id": receipt.entry_id,
        "department_id": receipt.department_id,
        "pulled_at_ms": receipt.pulled_at_ms,
        "due_at_ms": receipt.due_at_ms,
        "keep_at_most": days_of(receipt.keep_at_most),
        "state": receipt.state.value,
        "kept_until": None if kept is None else days_of(kept),
        "filed_at_ms": receipt.filed_at_ms,
        "filed_entry": receipt.filed_entry,
    }


def _receipt(row: Row) -> UseReceipt:
    log_id, holder_id, entry_id, department_id, pulled, due, most, state, kept, at_ms, filed = row
    return UseReceipt(
        space=Space(log_id, HolderId(holder_id)),
        entry_id=EntryId(entry_id),
        department_id=DepartmentId(department_id),
        pulled_at_ms=pulled,
        due_at_ms=due,
        keep_at_most=EPOCH + timedelta(days=most),
        state=UseState(state),
        kept_until=None if kept is None else EPOCH + timedelta(days=kept),
        filed_at_ms=at_ms,
        filed_entry=None if filed is None else EntryId(filed),
    )
