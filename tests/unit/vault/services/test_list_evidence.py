"""What a department is told of a consent: what is held, and no value."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.world import Granted, World
from tests.support.world_values import HOUR, MARKET, POLICE
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    JournalUnavailableError,
    NotFoundError,
    ReplayedError,
)
from vault.journal.entries import Basis, Evidence, Kind
from vault.journal.receipts import verify_receipt
from vault.journal.statements import verify_opening
from vault.notices import NoticeKind
from vault.records import RecordStatus
from vault.services.list_evidence import Listing, list_evidence


@pytest.fixture
def granted(world: World) -> Granted:
    """Return a consent to three evidence types, of which one is held."""
    world.deposit()
    return world.consent("ID01", "LC01", "LC04", uses=2)


def listing(world: World, granted: Granted) -> Listing:
    return list_evidence(world.vault, world.requester(granted))


def test_a_listing_says_what_is_granted_held_and_used(world: World, granted: Granted) -> None:
    world.pull(granted)

    found = listing(world, granted)

    [head] = world.heads()
    told = [
        (
            line.kind.code,
            line.grant,
            line.head,
            line.use and line.use.used,
            line.use and line.use.limit,
        )
        for line in found.lines
    ]
    evidence = granted.asked.details.evidence
    assert told == [
        ("ID01", evidence["ID01"], head, 1, 2),
        ("LC01", evidence["LC01"], None, 0, 2),
        ("LC04", evidence["LC04"], None, 0, 2),
    ]
    [issuer, *nobody] = [line.issuer for line in found.lines]
    assert issuer is not None
    assert (issuer.department_id, nobody) == (world.departments[POLICE], [None, None])
    assert (found.consent, found.details) == (world.consent_row(granted), granted.asked.details)


def test_a_listing_is_an_entry_told_to_the_holder_and_uses_nothing_up(
    world: World, granted: Granted
) -> None:
    found = listing(world, granted)

    entry = world.last
    assert (entry.kind, entry.basis) == (Kind.LIST, Basis.CONSENT)
    assert entry.evidence == tuple(Evidence(code=code) for code in ("ID01", "LC01", "LC04"))
    assert world.told[-1] is NoticeKind.ACCESS
    assert world.used(granted) == {"ID01": 0, "LC01": 0, "LC04": 0}
    verify_receipt(found.proof.receipt.to_text(), world.ports.policy)
    assert entry == verify_opening(
        found.proof.opening, leaf=found.proof.receipt.leaf, statement=found.proof.statement
    )


def test_a_listing_tells_of_the_record_that_would_answer(world: World, granted: Granted) -> None:
    world.clock.advance(seconds=1)
    newer = world.deposit()
    world.change_status(newer.record_id, RecordStatus.REVOKED)

    head = listing(world, granted).lines[0].head

    assert head is not None
    assert (head.record_id == newer.record_id, head.status) == (False, RecordStatus.VALID)


def test_a_token_lists_no_further_than_it_was_issued_for(world: World, granted: Granted) -> None:
    narrow = granted.asked.details.keep(frozenset({"LC01"}))
    caller = world.requester(granted)
    token = replace(caller.live.token, details=narrow.to_json())
    caller = replace(caller, live=replace(caller.live, token=token))

    found = list_evidence(world.vault, caller)

    assert ([line.kind.code for line in found.lines], found.details) == (["LC01"], narrow)


def test_a_token_and_a_consent_without_anything_in_common_list_nothing(
    world: World, granted: Granted
) -> None:
    caller = world.requester(granted)
    live = replace(
        caller.live,
        consent=replace(
            world.consent_row(granted), details=granted.asked.details.keep(frozenset({"ID01"}))
        ),
        token=replace(
            caller.live.token,
            details=granted.asked.details.keep(frozenset({"LC01"})).to_json(),
        ),
    )
    entries = len(world.entries)

    with pytest.raises(AccessDeniedError, match="no-basis"):
        list_evidence(world.vault, replace(caller, live=live))

    assert len(world.entries) == entries


def test_a_token_without_a_consent_lists_nothing(world: World) -> None:
    entries = len(world.entries)

    with pytest.raises(AccessDeniedError, match="no-basis"):
        list_evidence(world.vault, world.caller(MARKET))

    assert len(world.entries) == entries


Spoil = Callable[[World, Granted], object]

REFUSALS: dict[str, Spoil] = {
    "consent-closed": lambda world, granted: world.revoke(granted),
    "consent-expired": lambda world, _: world.clock.advance(seconds=HOUR),
    "client-not-active": lambda world, _: world.suspend(),
    "department-not-active": lambda world, _: world.suspend_department(MARKET),
    "item-not-registered": lambda world, _: world.change_client(MARKET, service_items=frozenset()),
}


@pytest.mark.parametrize("late", [False, True], ids=["before", "just before the lock"])
@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refused_listing_says_why_and_is_an_entry(
    world: World, granted: Granted, reason: str, *, late: bool
) -> None:
    caller = world.requester(granted)
    if late:
        world.journal.just_before_the_lock(lambda: REFUSALS[reason](world, granted))
    else:
        REFUSALS[reason](world, granted)

    with pytest.raises(AccessDeniedError, match=reason):
        list_evidence(world.vault, caller)

    assert world.last.kind is Kind.REFUSAL
    assert world.told[-1] is NoticeKind.REFUSAL


@pytest.mark.parametrize("late", [False, True], ids=["before", "just before the lock"])
def test_what_was_taken_back_is_listed_no_more(
    world: World, granted: Granted, *, late: bool
) -> None:
    caller = world.requester(granted)
    left = granted.asked.details.keep(frozenset({"LC04"}))
    if late:
        world.journal.just_before_the_lock(lambda: world.narrow(granted, left))
    else:
        world.narrow(granted, left)

    found = list_evidence(world.vault, caller)

    assert [line.kind.code for line in found.lines] == ["LC04"]
    assert world.kinds.count(Kind.LIST) == 1


def test_a_consent_that_never_stands_still_is_given_up_and_nothing_is_told(
    world: World, granted: Granted
) -> None:
    def shorten() -> None:
        details = shown[-1]
        shown.append(replace(details, ends_at=details.ends_at - 1))
        world.narrow(granted, shown[-1])
        world.journal.just_before_the_lock(shorten)

    shown = [granted.asked.details]
    world.journal.just_before_the_lock(shorten)

    with pytest.raises(ConflictError):
        listing(world, granted)

    assert Kind.LIST not in world.kinds


def test_a_consent_that_vanishes_under_the_lock_is_not_found(
    world: World, granted: Granted
) -> None:
    def destroy() -> None:
        with world.spoiling() as rows:
            rows.consents.clear()

    world.journal.just_before_the_lock(destroy)

    with pytest.raises(NotFoundError):
        listing(world, granted)


def test_a_proof_that_was_shown_before_lists_nothing(world: World, granted: Granted) -> None:
    claim = world.claim()
    list_evidence(world.vault, world.requester(granted, claim=claim))

    with pytest.raises(ReplayedError):
        list_evidence(world.vault, world.requester(granted, claim=claim))


def test_what_cannot_be_journalled_is_not_told(world: World, granted: Granted) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        listing(world, granted)

    assert Kind.LIST not in world.kinds
