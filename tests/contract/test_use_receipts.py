"""Use-receipts: found by pull and by department, moved on only from where they stand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.support.ports import Ports
from vault.errors import ConflictError
from vault.ids import DepartmentId, EntryId, HolderId, Space
from vault.ports.use_receipts import Standing
from vault.use_receipts import DAY_MS, EPOCH, UseReceipt, UseState, days_of

SPACE = Space(0, HolderId(b"h" * 16))
OTHER = Space(1, HolderId(b"i" * 16))
MARKET = DepartmentId(b"m" * 16)
SCHOOLS = DepartmentId(b"s" * 16)
DAY = date(2026, 11, 25)
NOW = days_of(DAY) * DAY_MS


def owed(number: int, *, department: DepartmentId = MARKET, space: Space = SPACE) -> UseReceipt:
    """Return one that is due ``number`` days after ``DAY``."""
    return UseReceipt(
        space=space,
        entry_id=EntryId(bytes([100 + number]) * 16),
        department_id=department,
        pulled_at_ms=NOW - DAY_MS,
        due_at_ms=NOW + number * DAY_MS,
        keep_at_most=DAY + timedelta(days=30),
    )


def used(receipt: UseReceipt, *, until: date) -> UseReceipt:
    return replace(
        receipt,
        state=UseState.USED,
        kept_until=until,
        filed_at_ms=NOW,
        filed_entry=EntryId(b"f" * 16),
    )


def opened(ports: Ports, *receipts: UseReceipt) -> None:
    with ports.work() as tx:
        tx.use_receipts.open(receipts)


def outstanding(ports: Ports, after: UseReceipt | None = None) -> tuple[UseReceipt, ...]:
    with ports.read() as tx:
        return tx.use_receipts.outstanding(MARKET, after=after, limit=2, today=days_of(DAY))


def test_one_is_found_by_its_pull_in_its_space_and_by_its_department(ports: Ports) -> None:
    one = owed(1)
    opened(ports, one)

    with ports.read() as tx:
        assert tx.use_receipts.get(SPACE, entry_id=one.entry_id) == one
        assert tx.use_receipts.get(OTHER, entry_id=one.entry_id) is None
        assert tx.use_receipts.found(MARKET, entry_id=one.entry_id) == one
        assert tx.use_receipts.found(SCHOOLS, entry_id=one.entry_id) is None


def test_one_is_opened_once(ports: Ports) -> None:
    opened(ports, owed(1))

    with pytest.raises(ConflictError):
        opened(ports, owed(1))


def test_one_moves_on_from_where_it_stands_and_from_nowhere_else(ports: Ports) -> None:
    before = owed(1)
    after = used(before, until=DAY)
    gone = replace(after, state=UseState.PURGED, kept_until=None, filed_at_ms=NOW + 1)
    opened(ports, before)

    with ports.work() as tx:
        tx.use_receipts.replace(after, before=before)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.use_receipts.replace(after, before=before)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.use_receipts.replace(gone, before=replace(after, filed_at_ms=NOW - 1))
    with ports.work() as tx:
        tx.use_receipts.replace(gone, before=after)

    with ports.read() as tx:
        assert tx.use_receipts.get(SPACE, entry_id=before.entry_id) == gone


def test_what_is_outstanding_comes_by_when_it_is_due_page_by_page(ports: Ports) -> None:
    late, soon, later = owed(-3), owed(1), owed(9, space=OTHER)
    to_delete = used(owed(2), until=DAY - timedelta(days=2))
    opened(
        ports,
        *(later, soon, late, to_delete, used(owed(3), until=DAY - timedelta(days=1))),
        *(owed(4, department=SCHOOLS), replace(used(owed(5), until=DAY), kept_until=DAY)),
    )

    assert outstanding(ports) == (late, soon)
    assert outstanding(ports, soon) == (to_delete, later)
    assert outstanding(ports, later) == ()


def test_departments_stand_by_what_they_owe_and_what_is_late(ports: Ports) -> None:
    unused = replace(used(owed(6), until=DAY), state=UseState.UNUSED, kept_until=None)
    opened(
        ports,
        *(owed(-3), owed(1), owed(9), used(owed(2), until=DAY - timedelta(days=2))),
        *(used(owed(3), until=DAY), unused, owed(4, department=SCHOOLS)),
    )

    with ports.read() as tx:
        found = tx.use_receipts.standings(now_ms=NOW, today=days_of(DAY))

    assert found == (
        Standing(department_id=MARKET, owed=2, overdue=2, filed=2),
        Standing(department_id=SCHOOLS, owed=1, overdue=0, filed=0),
    )
    assert days_of(EPOCH) == 0
