"""Cases, and what holders are told."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row
from storage.tables.cases import CaseRow, NoticeRow
from storage.tables.columns import table_of
from vault.cases import Case, CaseState
from vault.ids import CaseNumber, DepartmentId, EntryId, HolderId, NoticeId, Space
from vault.notices import Notice, NoticeKind

_CASE: Final = table_of(CaseRow)
_GUARDED: Final = GUARDED[_CASE.name]
_CASE_KEY: Final = ("log_id", "holder_id", "case_no")
_NOTICE: Final = table_of(NoticeRow)

_GET: Final = Prepared(select(_CASE).where(keyed(_CASE, *_CASE_KEY)))
_FIND: Final = Prepared(select(_CASE).where(keyed(_CASE, "case_no")))
_OF_HOLDER: Final = Prepared(
    select(_CASE).where(keyed(_CASE, "log_id", "holder_id")).order_by(_CASE.c.case_no)
)
_ADD: Final = Prepared(insert(_CASE))
_REPLACE: Final = Prepared(
    update(_CASE).where(at_version(_CASE, *_CASE_KEY)).values(**but_key(_CASE))
)

_NOTICES: Final = Prepared(
    select(_NOTICE)
    .where(keyed(_NOTICE, "log_id", "holder_id"))
    .order_by(_NOTICE.c.at_ms.desc(), _NOTICE.c.notice_id.desc())
    .limit(bindparam("most"))
)
_NOTIFY: Final = Prepared(insert(_NOTICE))
_MARK_READ: Final = Prepared(
    update(_NOTICE)
    .where(keyed(_NOTICE, "log_id", "holder_id"), _NOTICE.c.read_at_ms.is_(None))
    .values(read_at_ms=bindparam("now_ms"))
)


class SqlCases:
    """Implements ``vault.ports.Cases``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space, *, case_no: CaseNumber) -> Case | None:
        """Return a case of a holder."""
        row = _GET.one(self._driver, **space._asdict(), case_no=case_no)
        return None if row is None else self._read(row)

    def find(self, case_no: CaseNumber) -> Case | None:
        """Return a case by its number alone, which is unique in the vault."""
        row = _FIND.one(self._driver, case_no=case_no)
        return None if row is None else self._read(row)

    def of_holder(self, space: Space) -> tuple[Case, ...]:
        """Return the cases of a holder, by number."""
        return tuple(map(self._read, _OF_HOLDER.all(self._driver, **space._asdict())))

    def add(self, case: Case) -> None:
        """Write a new case."""
        _ADD.change(self._driver, **self._sealed(case))

    def replace(self, case: Case, *, expected: int) -> None:
        """Write the version of a case that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(case), expected=expected)

    def _read(self, row: Row) -> Case:
        return _case(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, case: Case) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _case_row(case))


class SqlNotices:
    """Implements ``vault.ports.Notices``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def of_holder(self, space: Space, *, limit: int) -> tuple[Notice, ...]:
        """Return what a holder was told last, newest first."""
        rows = _NOTICES.all(self._driver, **space._asdict(), most=limit)
        return tuple(map(_notice, rows))

    def add(self, notices: Sequence[Notice]) -> None:
        """Write new notices."""
        for notice in notices:
            _NOTIFY.change(self._driver, **_notice_row(notice))

    def mark_read(self, space: Space, *, at_ms: int) -> None:
        """Say of every unread notice of a holder when it was read."""
        _MARK_READ.change(self._driver, **space._asdict(), now_ms=at_ms)


def _case(row: Row) -> Case:
    log_id, holder_id, case_no, department_id, item, state, opened_at_ms, version = row
    return Case(
        space=Space(log_id, HolderId(holder_id)),
        case_no=CaseNumber(case_no),
        department_id=DepartmentId(department_id),
        item=item,
        state=CaseState(state),
        opened_at_ms=opened_at_ms,
        version=version,
    )


def _case_row(case: Case) -> Mapping[str, object]:
    return {
        **case.space._asdict(),
        "case_no": case.case_no,
        "department_id": case.department_id,
        "item": case.item,
        "state": case.state.value,
        "opened_at_ms": case.opened_at_ms,
        "version": case.version,
    }


def _notice(row: Row) -> Notice:
    log_id, holder_id, notice_id, kind, entry_id, at_ms, read_at_ms = row
    return Notice(
        space=Space(log_id, HolderId(holder_id)),
        notice_id=NoticeId(notice_id),
        kind=NoticeKind(kind),
        entry_id=EntryId(entry_id),
        at_ms=at_ms,
        read_at_ms=read_at_ms,
    )


def _notice_row(notice: Notice) -> Mapping[str, object]:
    return {
        **notice.space._asdict(),
        "notice_id": notice.notice_id,
        "kind": notice.kind.value,
        "entry_id": notice.entry_id,
        "at_ms": notice.at_ms,
        "read_at_ms": notice.read_at_ms,
    }
