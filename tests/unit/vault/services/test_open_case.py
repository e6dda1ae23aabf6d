"""Cases: what a department takes up for whom."""

import os
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pytest

from tests.support.world import World
from tests.support.world_values import ITEM, MARKET, POLICE
from vault.cases import Case, CaseState
from vault.clients import ClientStatus
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    ReplayedError,
)
from vault.ids import RandomBytes
from vault.journal.entries import Basis, By, Kind, On, StateChange
from vault.journal.receipts import verify_receipt
from vault.notices import NoticeKind
from vault.services.own_space import own_space

FOR_ORGANISATIONS = "11110105PDY00103944000531030200"


def cases(world: World) -> tuple[Case, ...]:
    space = world.space()
    with world.vault.read() as tx:
        return tx.cases.of_holder(space)


def test_a_case_is_opened_with_the_holder_its_item_and_its_department(world: World) -> None:
    world.deposit()

    done = world.open_case()

    assert cases(world) == (
        Case(
            space=world.space(),
            case_no=done.case_no,
            department_id=world.departments[MARKET],
            item=ITEM,
            state=CaseState.SUBMITTED,
            opened_at_ms=world.clock.now_ms(),
            version=1,
        ),
    )
    assert done.case_no.startswith(ITEM)


def test_a_case_is_an_entry_that_says_all_about_it(world: World) -> None:
    done = world.open_case()

    entry = world.last
    assert (entry.kind, entry.basis, entry.entry_id) == (
        Kind.CASE_OPEN,
        Basis.SYSTEM,
        done.receipt.entry_id,
    )
    assert entry.by == By(department=world.departments[MARKET], client=world.client_id(MARKET))
    assert entry.on == On(item=ITEM, case_no=done.case_no)
    assert entry.change == StateChange(
        object="service_case", id=done.case_no, became="submitted", version=1
    )
    verify_receipt(done.receipt.to_text(), world.ports.policy)
    assert world.told == [NoticeKind.CASE]


def test_the_first_case_opens_the_space_without_a_name(world: World) -> None:
    before = len(world.entries)

    world.open_case()

    assert world.kinds[before:] == [Kind.HOLDER_OPENED, Kind.CASE_OPEN]
    profile = own_space(world.vault, world.member()).profile
    assert (profile.name, profile.contact, profile.number) == ("", "", world.person().value)


def test_two_cases_have_two_numbers(world: World) -> None:
    numbers = {world.open_case().case_no for _ in range(5)}

    assert len(numbers) == 5


@pytest.mark.parametrize(
    ("item", "field"),
    [("no-such-item", "item"), (FOR_ORGANISATIONS, "holder")],
)
def test_an_item_that_is_not_for_this_holder_is_refused_unjournalled(
    world: World, item: str, field: str
) -> None:
    before = len(world.entries)

    with pytest.raises(InvalidInputError) as refused:
        world.open_case(item=item)

    assert refused.value.field == field
    assert (len(world.entries), world.find(world.person())) == (before, None)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": ClientStatus.SUSPENDED}, "client-not-active"),
        ({"service_items": frozenset()}, "item-not-registered"),
        ({"scopes": frozenset({"records:write"})}, "no-basis"),
    ],
    ids=["suspended", "not its item", "no scope"],
)
def test_a_client_that_may_not_open_is_refused_alike_for_known_and_unknown_numbers(
    world: World, changes: dict[str, Any], reason: str, *, known: bool
) -> None:
    if known:
        world.deposit()
    world.change_client(MARKET, **changes)
    before = len(world.entries)

    with pytest.raises(AccessDeniedError, match=reason):
        world.open_case()

    assert world.kinds[before:] == [Kind.REFUSAL]
    assert world.last.change is None
    if known:
        assert cases(world) == ()
    else:
        assert world.find(world.person()) is None


def test_another_department_has_no_such_item(world: World) -> None:
    with pytest.raises(AccessDeniedError, match="item-not-registered"):
        world.open_case(caller=world.caller(POLICE))


def test_rights_that_end_just_before_the_lock_end_the_case(world: World) -> None:
    world.deposit()
    world.journal.just_before_the_lock(world.suspend)

    with pytest.raises(AccessDeniedError, match="client-not-active"):
        world.open_case()

    assert cases(world) == ()


def test_rights_that_end_just_before_the_lock_open_no_space(world: World) -> None:
    world.journal.just_before_the_lock(world.suspend)

    with pytest.raises(ConflictError):
        world.open_case()

    assert world.find(world.person()) is None


def test_the_same_request_again_is_answered_with_the_same_case(world: World) -> None:
    first = world.open_case(caller=world.caller(MARKET, request_id="request-1"))
    before = len(world.entries)

    again = world.open_case(caller=world.caller(MARKET, request_id="request-1"))

    assert (again.case_no, again.receipt.index) == (first.case_no, first.receipt.index)
    verify_receipt(again.receipt.to_text(), world.ports.policy)
    assert (len(world.entries), len(cases(world))) == (before, 1)


def test_a_request_id_stands_for_one_applicant(world: World) -> None:
    world.open_case(caller=world.caller(MARKET, request_id="request-1"))
    world.deposit(number=world.person(2))

    with pytest.raises(ConflictError):
        world.open_case(world.person(2), caller=world.caller(MARKET, request_id="request-1"))


@pytest.mark.parametrize("person", [1, 2], ids=["known", "unknown"])
def test_a_proof_that_was_shown_before_opens_nothing(world: World, person: int) -> None:
    claim = world.claim()
    world.open_case(caller=world.caller(MARKET, claim=claim))

    with pytest.raises(ReplayedError):
        world.open_case(world.person(person), caller=world.caller(MARKET, claim=claim))

    assert len(cases(world)) == 1
    assert world.find(world.person(2)) is None


def test_what_cannot_be_journalled_is_not_opened(world: World) -> None:
    world.deposit()
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        world.open_case()

    assert cases(world) == ()


def drawing(*numbers: int) -> RandomBytes:
    """Return randomness that draws these case numbers, and then the last one for ever."""
    digits = (int(digit) for n in chain(numbers, repeat(numbers[-1])) for digit in f"{n:06d}")

    def random(length: int) -> bytes:
        return bytes([next(digits)]) if length == 1 else os.urandom(length)

    return random


def test_a_case_number_that_is_taken_is_drawn_anew_with_the_same_proof(world: World) -> None:
    world.vault = replace(world.vault, random=drawing(7, 7, 7, 8))
    first = world.open_case()

    second = world.open_case()

    numbers = [case.case_no for case in cases(world)]
    assert numbers == [first.case_no, second.case_no]
    assert len(set(numbers)) == 2
    assert world.kinds.count(Kind.CASE_OPEN) == 2


def test_a_number_that_stays_taken_is_given_up_and_changes_nothing(world: World) -> None:
    world.vault = replace(world.vault, random=drawing(7))
    done = world.open_case()

    with pytest.raises(ConflictError):
        world.open_case()

    assert [case.case_no for case in cases(world)] == [done.case_no]
