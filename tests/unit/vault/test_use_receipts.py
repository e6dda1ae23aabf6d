"""What a department may say of a pull, after what, and how long it may keep it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from vault.errors import ConflictError, InvalidInputError
from vault.ids import DepartmentId, EntryId, HolderId, Space
from vault.use_receipts import DAY_MS, UseReceipt, UseReport, UseState

DAY = date(2026, 11, 25)
NOON = int(datetime(2026, 11, 25, 4, tzinfo=UTC).timestamp() * 1000)
"""Noon in the legal zone."""
ENTRY = EntryId(b"f" * 16)
USED = UseReport(outcome=UseState.USED, decision="示市监许〔2026〕1号", kept_until=DAY)
UNUSED = UseReport(outcome=UseState.UNUSED)
PURGED = UseReport(outcome=UseState.PURGED)


def opened(*, retention_days: int = 30) -> UseReceipt:
    return UseReceipt.opened(
        space=Space(0, HolderId(b"h" * 16)),
        entry_id=EntryId(b"p" * 16),
        department_id=DepartmentId(b"d" * 16),
        at_ms=NOON,
        days=30,
        retention_days=retention_days,
    )


def said(receipt: UseReceipt, *reports: UseReport) -> UseReceipt:
    for report in reports:
        receipt = receipt.reported(report, entry_id=ENTRY, at_ms=NOON)
    return receipt


def test_a_pull_leaves_what_is_due_and_how_long_it_may_be_kept() -> None:
    found = opened()

    assert (found.state, found.due_at_ms) == (UseState.OWED, NOON + 30 * DAY_MS)
    assert found.keep_at_most == DAY + timedelta(days=30)
    assert (found.kept_until, found.filed_at_ms, found.filed_entry) == (None, None, None)


@pytest.mark.parametrize(
    ("reports", "state", "kept"),
    [
        ((USED,), UseState.USED, DAY),
        ((UNUSED,), UseState.UNUSED, None),
        ((USED, USED), UseState.USED, DAY),
        ((USED, PURGED), UseState.PURGED, None),
    ],
)
def test_what_can_be_said_one_after_the_other(
    reports: tuple[UseReport, ...], state: UseState, kept: date | None
) -> None:
    found = said(opened(), *reports)

    assert (found.state, found.kept_until) == (state, kept)
    assert (found.filed_entry, found.filed_at_ms) == (ENTRY, NOON)


@pytest.mark.parametrize(
    "reports",
    [
        (PURGED,),
        (UNUSED, USED),
        (UNUSED, UNUSED),
        (UNUSED, PURGED),
        (USED, UNUSED),
        (USED, PURGED, USED),
        (USED, PURGED, PURGED),
    ],
    ids=lambda reports: "-".join(one.outcome.value for one in reports),
)
def test_what_cannot_be_said_after_what(reports: tuple[UseReport, ...]) -> None:
    with pytest.raises(ConflictError):
        said(opened(), *reports)


@pytest.mark.parametrize("days", [-1, 31])
def test_it_is_kept_no_longer_than_agreed_and_not_into_the_past(days: int) -> None:
    report = UseReport(outcome=UseState.USED, decision="x", kept_until=DAY + timedelta(days=days))

    with pytest.raises(InvalidInputError) as refused:
        said(opened(), report)

    assert refused.value.field == "kept_until"
    assert "2026-12-25" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outcome": UseState.OWED}, "outcome"),
        ({"decision": None}, "decision"),
        ({"decision": " "}, "decision"),
        ({"decision": "x" * 129}, "decision"),
        ({"kept_until": None}, "kept_until"),
        ({"outcome": UseState.UNUSED}, "decision"),
        ({"outcome": UseState.PURGED, "decision": None}, "kept_until"),
    ],
)
def test_a_report_says_neither_too_little_nor_too_much(
    changes: dict[str, object], field: str
) -> None:
    plain = {"outcome": UseState.USED, "decision": "x", "kept_until": DAY}

    with pytest.raises(InvalidInputError) as refused:
        UseReport(**(plain | changes))  # type: ignore[arg-type]  # spelled out above

    assert refused.value.field == field


def test_one_is_overdue_after_its_day_and_again_where_it_should_be_deleted() -> None:
    found = opened()
    kept = said(found, USED)
    next_day, third = NOON + DAY_MS, NOON + 2 * DAY_MS

    assert [found.overdue(now_ms=at) for at in (found.due_at_ms, found.due_at_ms + 1)] == [
        False,
        True,
    ]
    assert [kept.overdue(now_ms=at) for at in (NOON, next_day, third)] == [False, False, True]
    assert not said(kept, PURGED).overdue(now_ms=third)
    assert not said(found, UNUSED).overdue(now_ms=found.due_at_ms + 1)
