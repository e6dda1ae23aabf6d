"""Demands of holders, by pull and by department."""

from typing import Final

from sqlalchemy import bindparam, insert, not_, select, tuple_, update

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.demands import DemandRow
from vault.demands import Demand, DemandKind, DemandState
from vault.ids import DepartmentId, EntryId, HolderId, Space

_T: Final = table_of(DemandRow)
_FIRST: Final = (-1, b"")
_OPEN: Final = _T.c.state == DemandState.OPEN.value
_COMPLAINT: Final = _T.c.kind == DemandKind.COMPLAIN.value

_ABOUT: Final = Prepared(
    select(_T)
    .where(keyed(_T, "log_id", "holder_id", "about"))
    .order_by(_T.c.asked_at_ms, _T.c.demand_id)
)
_FOUND: Final = Prepared(
    select(_T).where(keyed(_T, "department_id", "demand_id"), not_(_COMPLAINT))
)
_ONE_COMPLAINT: Final = Prepared(select(_T).where(keyed(_T, "demand_id"), _COMPLAINT))
_COMPLAINTS: Final = Prepared(
    select(_T)
    .where(_COMPLAINT, _OPEN)
    .order_by(_T.c.due_at_ms, _T.c.demand_id)
    .limit(bindparam("most"))
)
_ADD: Final = Prepared(insert(_T))
_CLOSE: Final = Prepared(
    update(_T)
    .where(keyed(_T, "log_id", "holder_id", "demand_id"), _OPEN)
    .values(
        state=bindparam("became"),
        answered_at_ms=bindparam("at_ms"),
        answer_entry=bindparam("entry_id"),
    )
)
_OPEN_OF: Final = Prepared(
    select(_T)
    .where(
        keyed(_T, "department_id"),
        _OPEN,
        not_(_COMPLAINT),
        tuple_(_T.c.due_at_ms, _T.c.demand_id)
        > tuple_(bindparam("after_ms"), bindparam("after_id")),
    )
    .order_by(_T.c.due_at_ms, _T.c.demand_id)
    .limit(bindparam("most"))
)


class SqlDemands:
    """Implements ``vault.ports.Demands``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def about(self, space: Space, *, entry_id: EntryId) -> tuple[Demand, ...]:
        """Return the demands about a pull, oldest first."""
        rows = _ABOUT.all(self._driver, **space._asdict(), about=entry_id)
        return tuple(map(_demand, rows))

    def found(self, department_id: DepartmentId, *, demand_id: EntryId) -> Demand | None:
        """Return a demand that was put to a department, or ``None``."""
        row = _FOUND.one(self._driver, department_id=department_id, demand_id=demand_id)
        return None if row is None else _demand(row)

    def complaint(self, demand_id: EntryId) -> Demand | None:
        """Return a complaint, or ``None``."""
        row = _ONE_COMPLAINT.one(self._driver, demand_id=demand_id)
        return None if row is None else _demand(row)

    def complaints(self, *, limit: int) -> tuple[Demand, ...]:
        """Return the complaints that nobody has answered, by when they are due."""
        return tuple(map(_demand, _COMPLAINTS.all(self._driver, most=limit)))

    def add(self, demand: Demand) -> None:
        """Write a new one."""
        _ADD.change(
            self._driver,
            **demand.space._asdict(),
            demand_id=demand.demand_id,
            about=demand.about,
            department_id=demand.department_id,
            kind=demand.kind.value,
            asked_at_ms=demand.asked_at_ms,
            due_at_ms=demand.due_at_ms,
            state=demand.state.value,
            answered_at_ms=demand.answered_at_ms,
            answer_entry=demand.answer_entry,
        )

    def close(self, demand: Demand) -> None:
        """Write the answer of an open one."""
        _CLOSE.change_one(
            self._driver,
            **demand.space._asdict(),
            demand_id=demand.demand_id,
            became=demand.state.value,
            at_ms=demand.answered_at_ms,
            entry_id=demand.answer_entry,
        )

    def open_of(
        self, department_id: DepartmentId, *, after: Demand | None, limit: int
    ) -> tuple[Demand, ...]:
        """Return what a department still has to answer, by when it is due."""
        after_ms, after_id = _FIRST if after is None else (after.due_at_ms, after.demand_id)
        rows = _OPEN_OF.all(
            self._driver,
            department_id=department_id,
            after_ms=after_ms,
            after_id=after_id,
            most=limit,
        )
        return tuple(map(_demand, rows))


def _demand(row: Row) -> Demand:
    log_id, holder_id, demand_id, about, department_id, kind, asked, due, state, at_ms, entry = row
    return Demand(
        space=Space(log_id, HolderId(holder_id)),
        demand_id=EntryId(demand_id),
        about=EntryId(about),
        department_id=DepartmentId(department_id),
        kind=DemandKind(kind),
        asked_at_ms=asked,
        due_at_ms=due,
        state=DemandState(state),
        answered_at_ms=at_ms,
        answer_entry=None if entry is None else EntryId(entry),
    )
