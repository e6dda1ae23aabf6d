"""A consent given anew takes the place of the one before: same id and matter, next version."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET
from vault.consents import Consent, ConsentStatus, Use
from vault.errors import ConflictError, InvalidInputError
from vault.ids import CaseNumber, ClientId, GrantId, MandateId
from vault.journal.entries import Kind, On, StateChange
from vault.services.acting import Member
from vault.services.end_consent import RevokeConsent, revoke_consent
from vault.services.give_consent import GiveConsent, give_consent


@pytest.fixture
def case_no(world: World) -> CaseNumber:
    """Return the case that everything here is about."""
    return world.open_case().case_no


def kept(world: World) -> Consent:
    """Return the only consent there is."""
    space = world.space()
    with world.vault.read() as tx:
        [found] = tx.consents.of_holder(space)
    return found


def given(world: World, case_no: CaseNumber) -> Consent:
    """Give a consent; return it."""
    give_consent(world.vault, world.asked(case_no, world.details("ID01", uses=1)))
    return kept(world)


def asked(world: World, before: Consent) -> GiveConsent:
    """Return a request that would renew ``before``."""
    plain = world.asked(before.case_no, world.details("ID01", "LC01", uses=3))
    code = replace(plain.code, grant_id=before.grant_id)
    return replace(plain, code=code, renews=before)


def test_b33_a_renewed_consent_is_the_next_version_and_counts_anew(
    world: World, case_no: CaseNumber
) -> None:
    before = given(world, case_no)
    world.clock.advance(seconds=60)
    renewing = asked(world, before)

    receipt = give_consent(world.vault, renewing)

    assert kept(world) == replace(
        before,
        version=2,
        details=renewing.details,
        created_at_ms=world.clock.now_ms(),
        expires_at_ms=renewing.details.ends_at * 1000,
        state_entry=receipt.entry_id,
    )
    with world.vault.read() as tx:
        uses = tx.consents.uses(before.space, grant_id=before.grant_id)
        code = tx.protocol.code(renewing.code.code_hash)
    assert uses == {
        name: Use(space=before.space, grant_id=before.grant_id, code=name, used=0, limit=3)
        for name in ("ID01", "LC01")
    }
    assert code == renewing.code


def test_b33_renewing_is_an_entry_of_its_own(world: World, case_no: CaseNumber) -> None:
    before = given(world, case_no)

    give_consent(world.vault, asked(world, before))

    entry = world.last
    assert entry.kind is Kind.CONSENT_GIVE
    assert entry.on == On(
        grant=before.grant_id,
        grant_version=2,
        item=before.item,
        case_no=case_no,
        purpose=before.purpose,
    )
    assert entry.change == StateChange(
        object="oauth_grant",
        id=before.grant_id.hex(),
        came_from="active",
        became="active",
        version=2,
    )


def test_b33_a_consent_that_changed_meanwhile_is_not_renewed(
    world: World, case_no: CaseNumber
) -> None:
    before = given(world, case_no)
    renewing = asked(world, before)
    give_consent(world.vault, asked(world, before))
    renewed = kept(world)

    with pytest.raises(ConflictError):
        give_consent(world.vault, renewing)

    assert kept(world) == renewed


def test_b33_a_consent_that_was_revoked_is_not_renewed(world: World, case_no: CaseNumber) -> None:
    before = given(world, case_no)
    renewing = asked(world, before)
    revoke_consent(
        world.vault,
        RevokeConsent(member=Member(signin=renewing.signin), grant_id=before.grant_id),
    )
    revoked = kept(world)

    with pytest.raises(ConflictError):
        give_consent(world.vault, renewing)

    assert kept(world) == revoked
    with pytest.raises(ConflictError):
        asked(world, revoked)


def test_b33_a_part_of_another_consent_is_not_renewed(world: World, case_no: CaseNumber) -> None:
    before = given(world, case_no)
    renewing = asked(world, before)
    part = replace(before, parent_id=GrantId(bytes(16)), mandate_id=MandateId(bytes(16)))

    with pytest.raises(ConflictError):
        replace(renewing, renews=part)

    assert kept(world) == before


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "other"},
        {"item": "other"},
        {"case_no": CaseNumber("other")},
        {"client_id": ClientId("other")},
        {"grant_id": GrantId(bytes(16))},
        {"status": ConsentStatus.PAUSED, "purpose": "other"},
    ],
    ids=str,
)
def test_b33_nothing_of_another_matter_or_client_is_renewed(
    world: World, case_no: CaseNumber, change: dict[str, Any]
) -> None:
    before = given(world, case_no)
    renewing = asked(world, before)

    with pytest.raises(InvalidInputError):
        replace(renewing, renews=replace(before, **change))

    assert before.client_id == world.client_id(MARKET)
