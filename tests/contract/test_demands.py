"""Demands: found by pull and by department, answered once."""

from dataclasses import replace

import pytest

from tests.support.ports import Ports
from vault.demands import DAY_MS, Answer, Demand, DemandKind, DemandState
from vault.errors import ConflictError
from vault.ids import DepartmentId, EntryId, HolderId, Space

SPACE = Space(0, HolderId(b"h" * 16))
MARKET = DepartmentId(b"m" * 16)
SCHOOLS = DepartmentId(b"s" * 16)
PULL = EntryId(b"p" * 16)
SAID = Answer(outcome=DemandState.ANSWERED, text="words")


def demand(number: int, *, kind: DemandKind = DemandKind.EXPLAIN) -> Demand:
    """Return one that is due ``number`` days after the epoch."""
    return Demand.asked(
        space=SPACE,
        demand_id=EntryId(bytes([100 + number]) * 16),
        about=PULL,
        department_id=MARKET,
        kind=kind,
        at_ms=(number - 15) * DAY_MS + 15 * DAY_MS,
        days=15,
    )


def added(ports: Ports, *demands: Demand) -> None:
    with ports.work() as tx:
        for one in demands:
            tx.demands.add(one)


def closed(one: Demand) -> Demand:
    return one.answered(SAID, entry_id=EntryId(b"a" * 16), at_ms=99)


def test_demands_are_found_by_what_they_are_about_and_by_whom_they_are_put_to(
    ports: Ports,
) -> None:
    first, second = demand(1), demand(2, kind=DemandKind.DELETE)
    other = replace(demand(3), about=EntryId(b"q" * 16))
    added(ports, second, first, other)

    with ports.read() as tx:
        assert tx.demands.about(SPACE, entry_id=PULL) == (first, second)
        assert tx.demands.about(Space(1, SPACE.holder_id), entry_id=PULL) == ()
        assert tx.demands.found(MARKET, demand_id=first.demand_id) == first
        assert tx.demands.found(SCHOOLS, demand_id=first.demand_id) is None


def test_one_is_made_once_and_answered_once(ports: Ports) -> None:
    one = demand(1)
    added(ports, one)

    with pytest.raises(ConflictError):
        added(ports, one)
    with ports.work() as tx:
        tx.demands.close(closed(one))
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.demands.close(closed(one))
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.demands.close(closed(demand(9)))

    with ports.read() as tx:
        assert tx.demands.about(SPACE, entry_id=PULL) == (closed(one),)


def test_what_waits_comes_by_when_it_is_due_page_by_page(ports: Ports) -> None:
    first, second, third, fourth = (demand(number) for number in (1, 2, 3, 4))
    added(ports, third, first, fourth, second, replace(demand(5), department_id=SCHOOLS))
    with ports.work() as tx:
        tx.demands.close(closed(second))

    with ports.read() as tx:
        assert tx.demands.open_of(MARKET, after=None, limit=2) == (first, third)
        assert tx.demands.open_of(MARKET, after=third, limit=2) == (fourth,)
        assert tx.demands.open_of(MARKET, after=fourth, limit=2) == ()


def test_complaints_are_the_operators_alone(ports: Ports) -> None:
    late, soon = (demand(number, kind=DemandKind.COMPLAIN) for number in (1, 2))
    other = demand(3)
    added(ports, soon, other, late)

    with ports.read() as tx:
        assert tx.demands.complaints(limit=9) == (late, soon)
        assert tx.demands.complaints(limit=1) == (late,)
        assert tx.demands.complaint(late.demand_id) == late
        assert tx.demands.complaint(other.demand_id) is None
        assert tx.demands.found(MARKET, demand_id=late.demand_id) is None
        assert tx.demands.open_of(MARKET, after=None, limit=9) == (other,)
    with ports.work() as tx:
        tx.demands.close(closed(late))
    with ports.read() as tx:
        assert tx.demands.complaints(limit=9) == (soon,)
        assert tx.demands.complaint(late.demand_id) == closed(late)
