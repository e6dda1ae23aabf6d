"""A department gives a consent back: the same step as the holder's, under its own name."""

from dataclasses import replace

import pytest

from tests.support.world import Granted, World
from tests.support.world_values import MARKET, POLICE
from vault.consents import ConsentStatus
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    JournalUnavailableError,
    NotFoundError,
)
from vault.ids import GrantId
from vault.journal.entries import Basis, By, Kind, StateChange
from vault.journal.receipts import Receipt, verify_receipt
from vault.notices import NoticeKind
from vault.services.return_consent import ReturnConsent, return_consent


@pytest.fixture
def granted(world: World) -> Granted:
    """Return a consent, given to a system that may give it back."""
    world.deposit()
    for department in (MARKET, POLICE):
        scopes = world.client(department).scopes | {"grant_management_revoke"}
        world.change_client(department, scopes=scopes)
    return world.consent(uses=5)


def give_back(world: World, grant_id: GrantId, department: str = MARKET) -> Receipt:
    asked = ReturnConsent(caller=world.caller(department), grant_id=grant_id)
    return return_consent(world.vault, asked)


def test_b33_a_consent_that_is_given_back_ends_and_the_entry_says_by_whom(
    world: World, granted: Granted
) -> None:
    before = world.consent_row(granted)
    world.clock.advance(seconds=5)

    receipt = give_back(world, granted.grant_id)

    assert world.consent_row(granted) == replace(
        before,
        status=ConsentStatus.REVOKED,
        version=2,
        ended_at_ms=world.clock.now_ms(),
        state_entry=receipt.entry_id,
    )
    assert world.last.change == StateChange(
        object="oauth_grant",
        id=granted.grant_id.hex(),
        came_from="active",
        became="revoked",
        version=2,
    )
    assert (world.last.kind, world.last.basis) == (Kind.CONSENT_END, Basis.SYSTEM)
    assert world.last.by == By(
        department=world.departments[MARKET], client=world.client_id(MARKET)
    )
    verify_receipt(receipt.to_text(), world.ports.policy)
    assert world.told[-1] is NoticeKind.CONSENT


def test_b33_after_it_was_given_back_nothing_is_pulled_by_a_token_in_hand(
    world: World, granted: Granted
) -> None:
    caller = world.requester(granted)

    give_back(world, granted.grant_id)

    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(granted, caller=caller)


def test_b33_another_clients_consent_is_not_there_and_leaves_no_entry(
    world: World, granted: Granted
) -> None:
    entries = len(world.entries)

    with pytest.raises(NotFoundError):
        give_back(world, granted.grant_id, POLICE)
    with pytest.raises(NotFoundError):
        give_back(world, GrantId(bytes(16)))

    assert len(world.entries) == entries
    assert world.consent_row(granted).status is ConsentStatus.ACTIVE


def test_b33_what_has_ended_is_not_given_back(world: World, granted: Granted) -> None:
    world.revoke(granted)

    with pytest.raises(ConflictError):
        give_back(world, granted.grant_id)


def test_b33_of_the_holder_and_the_department_one_ends_it(world: World, granted: Granted) -> None:
    world.journal.just_before_the_lock(lambda: world.revoke(granted))

    with pytest.raises(ConflictError):
        give_back(world, granted.grant_id)

    assert world.consent_row(granted).version == 2
    assert world.kinds[-1] is Kind.CONSENT_REVOKE


def test_b33_a_client_that_is_not_registered_for_it_is_refused_and_that_is_an_entry(
    world: World, granted: Granted
) -> None:
    world.change_client(MARKET, scopes=frozenset({"cases:write"}))

    with pytest.raises(AccessDeniedError, match="no-basis"):
        give_back(world, granted.grant_id)

    assert (world.last.kind, world.last.evidence) == (Kind.REFUSAL, ())
    assert world.consent_row(granted).status is ConsentStatus.ACTIVE


def test_without_a_journal_nothing_is_given_back(world: World, granted: Granted) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        give_back(world, granted.grant_id)

    assert world.consent_row(granted).status is ConsentStatus.ACTIVE
