"""A request of a kiosk or counter is decided like any other, and approved where it waits."""

import os
from dataclasses import replace

import pytest

from policies.requests import Action
from tests.support.world import World
from tests.support.world_values import PURPOSE
from vault.clients.async_requests import Approval, AsyncKind, AsyncRequest, AsyncState
from vault.clients.confirmation import Confirmation
from vault.errors import AccessDeniedError, ConflictError
from vault.ids import ID_BYTES, CaseNumber
from vault.journal.entries import Kind
from vault.services.calling import take_calls, told_of
from vault.services.deciding import PING
from vault.services.give_consent import (
    ApproveConsent,
    DenyConsent,
    deny_consent,
    give_consent,
)


@pytest.fixture
def case_no(world: World) -> CaseNumber:
    return world.open_case().case_no


def asked(world: World, case_no: CaseNumber, kind: AsyncKind) -> ApproveConsent:
    """Let a request wait; return what its holder may grant."""
    pushed = world.asked(case_no)
    request_id = os.urandom(ID_BYTES)
    request = AsyncRequest(
        request_id=request_id,
        kind=kind,
        code_hash=os.urandom(32),
        user_code_hash=os.urandom(32) if kind is AsyncKind.DEVICE else None,
        client_id=pushed.client_id,
        space=pushed.signin.space,
        params=b"sealed parameters",
        cnf=Confirmation.key("thumbprint"),
        interval=5,
        created_at=world.now(),
        expires_at=world.now() + 600,
    )
    with world.vault.work() as tx:
        tx.protocol.add_async(request)
    return ApproveConsent(
        interaction_id=request_id,
        request_hash=request.code_hash,
        signin=pushed.signin,
        client_id=pushed.client_id,
        purpose=PURPOSE,
        item=pushed.item,
        case_no=case_no,
        details=pushed.details,
        shown_hash=pushed.shown_hash,
        shown_locale="zh-CN",
        kind=kind,
        note=b"sealed note",
        code=Approval(
            request_id=request_id,
            grant_id=pushed.code.grant_id,
            scope="ev:identity:resident_id_card:full",
            auth=pushed.signin.auth,
        ),
    )


def declined(given: ApproveConsent, refusal: Action = Action.CONSENT_REFUSE) -> DenyConsent:
    return DenyConsent(
        interaction_id=given.interaction_id,
        request_hash=given.request_hash,
        signin=given.signin,
        client_id=given.client_id,
        purpose=given.purpose,
        item=given.item,
        case_no=given.case_no,
        details=given.details,
        shown_hash=given.shown_hash,
        shown_locale=given.shown_locale,
        kind=given.kind,
        refusal=refusal,
    )


def waiting(world: World, given: ApproveConsent) -> tuple[AsyncState, Approval | None]:
    with world.vault.read() as tx:
        found = tx.protocol.async_request(given.interaction_id)
    assert found is not None
    return found.state, found.approval


@pytest.mark.parametrize("kind", AsyncKind)
def test_a_consent_is_given_and_the_request_approved_in_one_step(
    world: World, case_no: CaseNumber, kind: AsyncKind
) -> None:
    given = asked(world, case_no, kind)

    give_consent(world.vault, given)

    assert waiting(world, given) == (AsyncState.APPROVED, given.code)
    with world.vault.read() as tx:
        consent = tx.consents.get(given.signin.space, grant_id=given.code.grant_id)
    assert consent is not None
    assert (consent.details, consent.note) == (given.details, b"sealed note")
    assert world.last.kind is Kind.CONSENT_GIVE
    assert world.last.on is not None
    assert world.last.on.grant == given.code.grant_id


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Action.CONSENT_REFUSE, "consent-refused"),
        (Action.CONSENT_REPORT, "consent-reported"),
        (Action.CONSENT_MISMATCH, "consent-mismatched"),
    ],
)
def test_what_the_holder_says_no_to_is_an_entry_that_says_how(
    world: World, case_no: CaseNumber, refusal: Action, reason: str
) -> None:
    given = asked(world, case_no, AsyncKind.CIBA)

    deny_consent(world.vault, declined(given, refusal))

    assert waiting(world, given) == (AsyncState.DENIED, None)
    assert world.last.kind is Kind.REFUSAL
    assert world.last.decision is not None
    assert world.last.decision.reasons == (reason,)


@pytest.mark.parametrize("pings", [True, False])
@pytest.mark.parametrize("how", ["given", "denied"])
def test_a_client_that_is_called_back_is_called_in_the_same_step(
    world: World, case_no: CaseNumber, how: str, *, pings: bool
) -> None:
    given = replace(asked(world, case_no, AsyncKind.CIBA), pings=pings)

    if how == "given":
        give_consent(world.vault, given)
    else:
        deny_consent(world.vault, replace(declined(given), pings=pings))

    calls = take_calls(world.vault, limit=9)
    told = {"request": given.interaction_id.hex()}
    assert [(one.kind, told_of(world.vault, one)) for one in calls] == [(PING, told)] * pings


@pytest.mark.parametrize("first", ["given", "denied"])
@pytest.mark.parametrize("then", ["given", "denied"])
def test_a_request_is_decided_once(
    world: World, case_no: CaseNumber, first: str, then: str
) -> None:
    given = asked(world, case_no, AsyncKind.DEVICE)
    decide = {
        "given": lambda: give_consent(world.vault, given),
        "denied": lambda: deny_consent(world.vault, declined(given)),
    }
    decide[first]()
    before = waiting(world, given)

    with pytest.raises(ConflictError, match="decided already"):
        decide[then]()

    assert waiting(world, given) == before


def test_nothing_is_granted_once_the_request_has_expired(
    world: World, case_no: CaseNumber
) -> None:
    given = asked(world, case_no, AsyncKind.DEVICE)
    world.clock.advance(seconds=600)
    auth = replace(given.signin.auth, auth_time=world.now())
    late = replace(given, signin=replace(given.signin, auth=auth))

    with pytest.raises(ConflictError, match="expired"):
        give_consent(world.vault, late)

    assert waiting(world, given) == (AsyncState.PENDING, None)


def test_the_holder_of_another_space_approves_nothing(world: World, case_no: CaseNumber) -> None:
    given = asked(world, case_no, AsyncKind.CIBA)
    world.open_case(world.person(2))
    stranger = world.signin(world.space(world.person(2)))

    with pytest.raises(AccessDeniedError) as refused:
        give_consent(world.vault, replace(given, signin=stranger))

    assert refused.value.reasons == ("case-not-open",)
    assert waiting(world, given) == (AsyncState.PENDING, None)
