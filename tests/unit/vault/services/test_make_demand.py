"""Whose a demand is, and what it leaves behind."""

from dataclasses import replace

import pytest

from tests.support.world import World
from vault.demands import DAY_MS, DemandKind, DemandState
from vault.errors import InvalidInputError, NotFoundError
from vault.ids import EntryId
from vault.journal.entries import Basis, Demanded, Kind
from vault.services.acting import Member
from vault.services.make_demand import MakeDemand, make_demand


def pulled(world: World) -> EntryId:
    """Let a department pull; return the entry."""
    world.deposit()
    return world.pull(world.consent()).proof.statement.entry_id


def test_a_demand_is_an_entry_and_a_row_with_a_date(world: World) -> None:
    about = pulled(world)

    receipt = make_demand(
        world.vault, MakeDemand(member=world.member(), about=about, kind=DemandKind.EXPLAIN)
    )

    entry, space = world.last, world.space()
    with world.vault.read() as tx:
        [demand] = tx.demands.about(space, entry_id=about)
    assert (entry.kind, entry.basis, entry.by.member) == (Kind.DEMAND_ASK, Basis.OWN, "self")
    assert entry.demanded == Demanded(kind="explain", pull=about)
    assert (demand.state, demand.demand_id) == (DemandState.OPEN, entry.entry_id)
    assert demand.due_at_ms == entry.at_ms + 15 * DAY_MS
    assert receipt.index == len(world.entries) - 1


def test_an_agent_demands_nothing_for_somebody_else(world: World) -> None:
    about = pulled(world)
    world.deposit(number=world.person(2))
    signin = world.member().signin
    agent = Member(signin=replace(signin, space=world.space(world.person(2))))
    entries = len(world.entries)

    for kind in DemandKind:
        with pytest.raises(NotFoundError):
            make_demand(world.vault, MakeDemand(member=agent, about=about, kind=kind))

    assert len(world.entries) == entries


def test_there_is_nothing_to_demand_about_what_one_did_oneself(world: World) -> None:
    pulled(world)
    given = next(one for one in world.entries if one.kind is Kind.CONSENT_GIVE)

    with pytest.raises(InvalidInputError):
        make_demand(
            world.vault,
            MakeDemand(member=world.member(), about=given.entry_id, kind=DemandKind.EXPLAIN),
        )
