"""A part of a consent, given to an agent firm: decided under the lock like everything else."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.world import Granted, World
from tests.support.world_values import HOUR, ITEM, MARKET, SCHOOL
from vault.clients.protocol import AccessToken
from vault.consents import Consent
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TokenEndedError,
)
from vault.ids import ID_BYTES, GrantId
from vault.journal.entries import Basis, Kind
from vault.mandates import Act, Mandate, Powers
from vault.notices import NoticeKind
from vault.services.acting import Caller
from vault.services.end_mandate import ChangeMandate, end_mandate, narrow_mandate
from vault.services.exchange_token import (
    ExchangeToken,
    exchange_token,
    firm_of,
    mandate_for,
    still_granted,
)
from vault.services.give_mandate import GiveMandate, give_mandate
from vault.services.list_evidence import list_evidence
from vault.services.own_space import own_consents
from vault.services.pull import Pull, pull_evidence

AAL2 = "urn:myspace:acr:aal2"


class Firm:
    """The school's system, which is an agent firm's in these tests."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.deposit("ID01")
        world.deposit("LC01", number=world.organisation(5))
        self.granted = world.consent("ID01", "LC01", uses=3)
        with world.vault.work() as tx:
            before = tx.departments.get(world.departments[SCHOOL])
            assert before is not None
            code = world.organisation(5).value
            tx.departments.replace(replace(before, code=code, version=2), expected=1)
        world.change_client(
            SCHOOL, evidence=world.client(MARKET).evidence, service_items=frozenset({ITEM})
        )
        self.mandate = self.give()

    def give(self, **changes: Any) -> Mandate:  # noqa: ANN401 - any attribute of powers
        plain = Powers(
            acts=frozenset({Act.EXCHANGE}),
            evidence={"ID01": View.FULL, "LC01": View.FULL},
            items=frozenset({ITEM}),
            starts_at=self.world.now() - 60,
            ends_at=self.world.now() + HOUR,
        )
        asked = GiveMandate(
            member=self.world.member(acr=AAL2),
            number=self.world.organisation(5),
            powers=replace(plain, **changes),
        )
        return give_mandate(self.world.vault, asked)[0]

    def caller(self) -> Caller:
        """Return the firm's system, standing on the market's token."""
        live = self.world.requester(self.granted).live
        client = self.world.client(SCHOOL)
        with self.world.vault.read() as tx:
            department = tx.departments.get(client.department_id)
        assert department is not None
        return Caller(
            live=replace(live, client=client, department=department),
            claim=None,
            proof_hash=bytes(32),
        )

    def asked(self) -> ExchangeToken:
        """Return a request for the identity card alone."""
        details = replace(
            self.granted.asked.details.keep(frozenset({"ID01"})), ends_at=self.world.now() + 300
        )
        token = replace(
            self.granted.token,
            token_hash=os.urandom(32),
            grant_id=GrantId(os.urandom(ID_BYTES)),
            client_id=self.world.client_id(SCHOOL),
            details=details.to_json(),
            expires_at=self.world.now() + 300,
        )
        return ExchangeToken(
            caller=self.caller(),
            mandate=self.mandate,
            details=details,
            token=token,
            note=b"sealed note",
        )

    def part(self) -> tuple[Consent, Caller]:
        """Return the part, and the firm's system with its token."""
        asked = self.asked()
        consent = exchange_token(self.world.vault, asked)
        return consent, self.bearing(asked.token)

    def bearing(self, token: AccessToken) -> Caller:
        with self.world.vault.read() as tx:
            live = tx.protocol.live_token(token.token_hash, now=self.world.now())
        assert live is not None
        return Caller(live=live, claim=self.world.claim(), proof_hash=bytes(32))

    def change(self) -> ChangeMandate:
        return ChangeMandate(member=self.world.member(), mandate_id=self.mandate.mandate_id)

    def end(self) -> None:
        end_mandate(self.world.vault, self.change())


@pytest.fixture
def firm(world: World) -> Firm:
    return Firm(world)


def test_a_part_is_a_grant_a_token_an_entry_and_a_notice(world: World, firm: Firm) -> None:
    consent, caller = firm.part()

    assert (consent.parent_id, consent.mandate_id) == (
        firm.granted.grant_id,
        firm.mandate.mandate_id,
    )
    assert caller.live.consent == consent
    assert (world.last.kind, world.last.basis) == (Kind.MANDATE_EXCHANGE, Basis.MANDATE)
    assert world.last.by.acting == (firm.mandate.mandate_id.hex(),)
    assert world.told[-1] is NoticeKind.MANDATE


def test_a_part_is_listed_while_it_lives(world: World, firm: Firm) -> None:
    consent, _ = firm.part()

    before = own_consents(world.vault, world.member())
    world.clock.advance(seconds=300)
    after = own_consents(world.vault, world.member())

    assert {one.consent.grant_id for one in before} == {consent.grant_id, firm.granted.grant_id}
    assert [one.consent.grant_id for one in after] == [firm.granted.grant_id]


def test_a_pull_under_a_part_counts_on_both(world: World, firm: Firm) -> None:
    consent, caller = firm.part()

    pull_evidence(world.vault, Pull(caller=caller, code="ID01", view=View.FULL))
    listing = list_evidence(world.vault, world.requester_again(caller))

    assert world.used(firm.granted) == {"ID01": 1, "LC01": 0}
    with world.vault.read() as tx:
        uses = tx.consents.uses(consent.space, grant_id=consent.grant_id)
    assert {code: one.used for code, one in uses.items()} == {"ID01": 1}
    assert [line.kind.code for line in listing.lines] == ["ID01"]
    assert [entry.basis for entry in world.entries[-2:]] == [Basis.MANDATE] * 2


def revoke(world: World, firm: Firm) -> None:
    world.revoke(firm.granted)


def end(_world: World, firm: Firm) -> None:
    firm.end()


@pytest.mark.parametrize(
    ("act", "reason"), [(revoke, "parent-not-live"), (end, "mandate-not-live")]
)
def test_an_end_that_wins_the_lock_refuses_the_pull(
    world: World, firm: Firm, act: Callable[[World, Firm], None], reason: str
) -> None:
    _, caller = firm.part()
    world.journal.just_before_the_lock(lambda: act(world, firm))

    with pytest.raises(AccessDeniedError) as refused:
        pull_evidence(world.vault, Pull(caller=caller, code="ID01"))

    assert refused.value.reasons == (reason,)


@pytest.mark.parametrize(
    ("act", "reason"), [(revoke, "consent-closed"), (end, "mandate-not-live")]
)
def test_an_end_that_wins_the_lock_refuses_the_exchange(
    world: World, firm: Firm, act: Callable[[World, Firm], None], reason: str
) -> None:
    asked = firm.asked()
    world.journal.just_before_the_lock(lambda: act(world, firm))

    with pytest.raises(AccessDeniedError) as refused:
        exchange_token(world.vault, asked)

    assert refused.value.reasons == (reason,)
    with world.vault.read() as tx:
        assert tx.protocol.token(asked.token.token_hash) is None


def test_a_token_that_is_revoked_meanwhile_is_not_exchanged(world: World, firm: Firm) -> None:
    asked = firm.asked()

    def kill() -> None:
        with world.vault.work() as tx:
            tx.protocol.revoke_family(firm.granted.token.family_id, now=world.now())

    world.journal.just_before_the_lock(kill)

    with pytest.raises(TokenEndedError):
        exchange_token(world.vault, asked)


def test_a_consent_that_is_narrowed_meanwhile_is_asked_for_again(world: World, firm: Firm) -> None:
    asked = firm.asked()
    left = firm.granted.asked.details.keep(frozenset({"ID01"}))
    world.journal.just_before_the_lock(lambda: world.narrow(firm.granted, left))

    with pytest.raises(ConflictError):
        exchange_token(world.vault, asked)


def gone(world: World, granted: Granted) -> None:
    with world.spoiling() as rows:
        del rows.consents[granted.grant_id]


def test_without_its_consent_nothing_is_exchanged(world: World, firm: Firm) -> None:
    asked = firm.asked()
    gone(world, firm.granted)
    with pytest.raises(NotFoundError):
        exchange_token(world.vault, asked)

    live = replace(asked.caller.live, consent=None)
    with pytest.raises(NotFoundError):
        exchange_token(world.vault, replace(asked, caller=replace(asked.caller, live=live)))


def test_a_part_without_its_consent_is_no_part(world: World, firm: Firm) -> None:
    consent, caller = firm.part()
    gone(world, firm.granted)

    with pytest.raises(NotFoundError):
        pull_evidence(world.vault, Pull(caller=caller, code="ID01"))
    with world.vault.read() as tx:
        assert still_granted(tx, consent, now_ms=world.clock.now_ms()) is None
        assert tx.protocol.live_token(caller.token_hash, now=world.now()) is None


def test_a_part_never_names_a_mandate_without_a_consent(world: World, firm: Firm) -> None:
    consent, _ = firm.part()

    with pytest.raises(InvalidInputError):
        replace(consent, parent_id=None)


def test_what_is_still_granted_shrinks_with_the_mandate(world: World, firm: Firm) -> None:
    consent, _ = firm.part()
    powers = replace(firm.mandate.powers, evidence={"ID01": View.VERIFY})
    narrow_mandate(world.vault, firm.change(), powers=powers)
    now_ms, parent = world.clock.now_ms(), world.consent_row(firm.granted)

    with world.vault.read() as tx:
        found = still_granted(tx, consent, now_ms=now_ms)
        whole = still_granted(tx, parent, now_ms=now_ms)

    assert whole == parent.details
    assert found is not None
    assert {code: one.view for code, one in found.evidence.items()} == {"ID01": View.VERIFY}


def test_a_mandate_over_other_evidence_leaves_nothing(world: World, firm: Firm) -> None:
    consent, _ = firm.part()
    powers = replace(firm.mandate.powers, evidence={"LC01": View.FULL})
    narrow_mandate(world.vault, firm.change(), powers=powers)

    with world.vault.read() as tx:
        assert still_granted(tx, consent, now_ms=world.clock.now_ms()) is None
    firm.end()
    with world.vault.read() as tx:
        assert still_granted(tx, consent, now_ms=world.clock.now_ms()) is None


def test_the_mandate_that_covers_most_and_lasts_longest_is_taken(world: World, firm: Firm) -> None:
    firm.give(evidence={"ID01": View.FULL})
    longest = firm.give(ends_at=world.now() + 2 * HOUR)
    firm.give(acts=frozenset({Act.READ}), ends_at=world.now() + 9 * HOUR)
    caller = firm.caller()
    consent = world.consent_row(firm.granted)

    with world.vault.read() as tx:
        found = mandate_for(world.vault, tx, caller, consent)

    assert found is not None
    assert found.mandate_id == longest.mandate_id


def test_a_department_is_no_firm(world: World, firm: Firm) -> None:
    caller = world.requester(firm.granted)
    consent = world.consent_row(firm.granted)

    with world.vault.read() as tx:
        assert firm_of(world.vault, tx, caller) is None
        assert mandate_for(world.vault, tx, caller, consent) is None


def test_a_made_up_code_is_no_firms(world: World, firm: Firm) -> None:
    caller = firm.caller()
    department = replace(caller.live.department, code="0" * 18)
    made_up = replace(caller, live=replace(caller.live, department=department))

    with world.vault.read() as tx:
        assert firm_of(world.vault, tx, made_up) is None


def test_a_mandate_of_another_firm_is_refused_by_the_policies(world: World, firm: Firm) -> None:
    asked = firm.asked()
    with world.vault.work() as tx:
        before = tx.departments.get(world.departments[SCHOOL])
        assert before is not None
        tx.departments.replace(
            replace(before, code=world.organisation(6).value, version=before.version + 1),
            expected=before.version,
        )
    caller = firm.caller()

    with pytest.raises(AccessDeniedError) as refused:
        exchange_token(world.vault, replace(asked, caller=caller))

    assert refused.value.reasons == ("no-basis",)
