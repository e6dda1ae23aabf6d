"""A demand has a date, and ends once: in an answer or in a refusal with reasons."""

import pytest

from vault.demands import DAY_MS, Answer, Demand, DemandKind, DemandState, check_words
from vault.errors import ConflictError, InvalidInputError
from vault.ids import DepartmentId, EntryId, HolderId, Space

NOW = 1_795_000_000_000
ENTRY = EntryId(b"a" * 16)


def asked() -> Demand:
    return Demand.asked(
        space=Space(0, HolderId(b"h" * 16)),
        demand_id=EntryId(b"d" * 16),
        about=EntryId(b"p" * 16),
        department_id=DepartmentId(b"m" * 16),
        kind=DemandKind.EXPLAIN,
        at_ms=NOW,
        days=15,
    )


@pytest.mark.parametrize("outcome", [DemandState.ANSWERED, DemandState.REFUSED])
def test_an_answer_ends_it_once(outcome: DemandState) -> None:
    answer = Answer(outcome=outcome, text="words")

    found = asked().answered(answer, entry_id=ENTRY, at_ms=NOW + 1)

    assert (found.state, found.answer_entry, found.answered_at_ms) == (outcome, ENTRY, NOW + 1)
    with pytest.raises(ConflictError):
        found.answered(answer, entry_id=ENTRY, at_ms=NOW + 2)


def test_it_is_overdue_after_its_date_until_it_is_answered() -> None:
    demand = asked()
    due = NOW + 15 * DAY_MS
    answer = Answer(outcome=DemandState.ANSWERED, text="words")

    assert demand.due_at_ms == due
    assert [demand.overdue(now_ms=at) for at in (due, due + 1)] == [False, True]
    assert not demand.answered(answer, entry_id=ENTRY, at_ms=due + 1).overdue(now_ms=due + 2)


@pytest.mark.parametrize(
    ("outcome", "text", "field"),
    [
        (DemandState.OPEN, "words", "outcome"),
        (DemandState.ANSWERED, " ", "text"),
        (DemandState.REFUSED, "x" * 2001, "text"),
    ],
)
def test_an_answer_says_something(outcome: DemandState, text: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Answer(outcome=outcome, text=text)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DemandKind.EXPLAIN, "words"),
        (DemandKind.DELETE, "words"),
        (DemandKind.COMPLAIN, ""),
        (DemandKind.COMPLAIN, "  "),
        (DemandKind.COMPLAIN, "x" * 1001),
    ],
)
def test_a_complaint_has_words_and_nothing_else_has(kind: DemandKind, text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_words(kind, text)

    assert refused.value.field == "text"


@pytest.mark.parametrize(
    ("kind", "text"), [(DemandKind.EXPLAIN, ""), (DemandKind.COMPLAIN, "x" * 1000)]
)
def test_words_where_they_belong(kind: DemandKind, text: str) -> None:
    check_words(kind, text)
