"""Who builds a department's systems is said by the operator, and stands in the log."""

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET, POLICE
from vault.errors import ConflictError, NotFoundError
from vault.ids import DepartmentId
from vault.journal.entries import Basis, By, Kind, StateChange
from vault.services.appoint_developer import (
    appoint_developer,
    developed_departments,
    dismiss_developer,
)


def develops(world: World) -> frozenset[DepartmentId]:
    index = world.vault.numbers.of(world.person())[0]
    with world.vault.read() as tx:
        space = tx.holders.find(index.kind, index.index)
        assert space is not None
        return developed_departments(tx, space)


def test_somebody_is_appointed_dismissed_and_appointed_again(world: World) -> None:
    world.deposit()
    market, police = world.departments[MARKET], world.departments[POLICE]
    who = world.person()

    first = appoint_developer(world.vault, who, department_id=market)
    entry = world.last
    appoint_developer(world.vault, who, department_id=police)
    both = develops(world)
    dismiss_developer(world.vault, who, department_id=market)
    dismissed, after = world.last, develops(world)
    appoint_developer(world.vault, who, department_id=market)

    assert entry.change is not None
    assert (entry.entry_id, entry.kind, entry.basis, entry.by) == (
        first.entry_id,
        Kind.DEVELOPER_APPOINT,
        Basis.SYSTEM,
        By(department=market),
    )
    assert entry.change == StateChange(
        object="developer", id=entry.change.id, became="active", version=1
    )
    assert dismissed.kind is Kind.DEVELOPER_DISMISS
    assert dismissed.change == StateChange(
        object="developer", id=entry.change.id, came_from="active", became="ended", version=2
    )
    assert both == develops(world) == frozenset({market, police})
    assert after == frozenset({police})
    assert world.last.change == StateChange(
        object="developer", id=entry.change.id, came_from="ended", became="active", version=3
    )


def test_nobody_is_appointed_or_dismissed_twice(world: World) -> None:
    world.deposit()
    market, who = world.departments[MARKET], world.person()
    with pytest.raises(NotFoundError, match="appointment"):
        dismiss_developer(world.vault, who, department_id=market)
    appoint_developer(world.vault, who, department_id=market)
    with pytest.raises(ConflictError, match="active already"):
        appoint_developer(world.vault, who, department_id=market)
    dismiss_developer(world.vault, who, department_id=market)
    with pytest.raises(ConflictError, match="ended already"):
        dismiss_developer(world.vault, who, department_id=market)


def test_a_number_without_a_space_and_a_department_that_is_not_there_are_told(
    world: World,
) -> None:
    with pytest.raises(NotFoundError, match="no space"):
        appoint_developer(world.vault, world.person(), department_id=world.departments[MARKET])
    world.deposit()
    with pytest.raises(NotFoundError, match="department"):
        appoint_developer(world.vault, world.person(), department_id=DepartmentId(bytes(16)))
