"""The holder decides: one decision, once, with everything that belongs to it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.world import World
from tests.support.world_values import ITEM, MARKET, PURPOSE, SCHOOL
from vault.cases import CaseState
from vault.clients import ClientStatus
from vault.clients.protocol import InteractionState
from vault.consents import Consent, ConsentStatus, Use
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    JournalUnavailableError,
    NotFoundError,
)
from vault.ids import CaseNumber, ClientId
from vault.journal.entries import Basis, By, Entry, Evidence, Kind, On, Shown, StateChange
from vault.journal.receipts import verify_receipt
from vault.notices import NoticeKind
from vault.services.give_consent import DenyConsent, GiveConsent, deny_consent, give_consent


@pytest.fixture
def case_no(world: World) -> CaseNumber:
    """Return the case that everything here is about."""
    return world.open_case().case_no


def consents(world: World) -> tuple[Consent, ...]:
    space = world.space()
    with world.vault.read() as tx:
        return tx.consents.of_holder(space)


def state(world: World, asked: DenyConsent) -> tuple[bool, InteractionState]:
    """Say whether the request was spent, and what became of its page."""
    with world.vault.read() as tx:
        pushed = tx.protocol.pushed(asked.request_hash)
        page = tx.protocol.interaction(asked.interaction_id)
    assert pushed is not None
    assert page is not None
    return pushed.consumed_at is not None, page.state


UNDECIDED = (False, InteractionState.OPEN)


def test_a_consent_is_given_with_uses_and_code_in_one_step(
    world: World, case_no: CaseNumber
) -> None:
    asked = world.asked(case_no, world.details("ID01", "LC01", uses=3))

    receipt = give_consent(world.vault, asked)

    assert consents(world) == (
        Consent(
            space=world.space(),
            grant_id=asked.code.grant_id,
            client_id=world.client_id(MARKET),
            department_id=world.departments[MARKET],
            status=ConsentStatus.ACTIVE,
            version=1,
            details=asked.details,
            note=b"sealed note",
            purpose=PURPOSE,
            item=ITEM,
            case_no=case_no,
            shown_hash=asked.shown_hash,
            shown_locale="zh-CN",
            created_at_ms=world.clock.now_ms(),
            expires_at_ms=asked.details.ends_at * 1000,
            ended_at_ms=None,
            state_entry=receipt.entry_id,
        ),
    )
    with world.vault.read() as tx:
        uses = tx.consents.uses(asked.signin.space, grant_id=asked.code.grant_id)
        code = tx.protocol.code(asked.code.code_hash)
    plain: dict[str, Any] = {
        "space": asked.signin.space,
        "grant_id": asked.code.grant_id,
        "used": 0,
        "limit": 3,
    }
    assert uses == {name: Use(code=name, **plain) for name in ("ID01", "LC01")}
    assert code == asked.code
    assert state(world, asked) == (True, InteractionState.GRANTED)


def test_a_consent_is_an_entry_that_says_what_was_shown(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no)

    receipt = give_consent(world.vault, asked)

    entry = world.last
    assert entry == Entry(
        entry_id=receipt.entry_id,
        at_ms=world.clock.now_ms(),
        kind=Kind.CONSENT_GIVE,
        basis=Basis.OWN,
        by=By(department=world.departments[MARKET], client=world.client_id(MARKET), member="self"),
        on=On(
            grant=asked.code.grant_id,
            grant_version=1,
            item=ITEM,
            case_no=case_no,
            purpose=PURPOSE,
        ),
        evidence=(Evidence(code="ID01", view="full", fields=("id_number", "name", "valid_to")),),
        decision=entry.decision,
        change=StateChange(
            object="oauth_grant", id=asked.code.grant_id.hex(), became="active", version=1
        ),
        request=entry.request,
        shown=Shown(text=asked.shown_hash, locale="zh-CN"),
    )
    verify_receipt(receipt.to_text(), world.ports.policy)
    assert world.told[-1] is NoticeKind.CONSENT


Spoil = Callable[[World, CaseNumber], object]


def close_case(world: World, case_no: CaseNumber) -> None:
    with world.vault.work() as tx:
        case = tx.cases.find(case_no)
        assert case is not None
        tx.cases.replace(replace(case, state=CaseState.CLOSED, version=2), expected=1)


REFUSALS: dict[str, Spoil] = {
    "case-not-open": close_case,
    "client-not-active": lambda world, _: world.suspend(),
    "department-not-active": lambda world, _: world.suspend_department(MARKET),
    "item-not-registered": lambda world, _: world.change_client(MARKET, service_items=frozenset()),
    "evidence-not-registered": lambda world, _: world.change_client(MARKET, evidence={}),
}


@pytest.mark.parametrize("late", [False, True], ids=["before", "just before the lock"])
@pytest.mark.parametrize("reason", REFUSALS)
def test_a_consent_that_the_policies_refuse_is_not_given_and_may_be_asked_for_again(
    world: World, case_no: CaseNumber, reason: str, *, late: bool
) -> None:
    asked = world.asked(case_no)
    if late:
        world.journal.just_before_the_lock(lambda: REFUSALS[reason](world, case_no))
    else:
        REFUSALS[reason](world, case_no)

    with pytest.raises(AccessDeniedError, match=reason):
        give_consent(world.vault, asked)

    assert (consents(world), state(world, asked)) == ((), UNDECIDED)
    assert (world.last.kind, world.last.change) == (Kind.REFUSAL, None)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"fields": {"ID01": ("name", "sex")}}, "fields-not-required"),
        ({"codes": ("LC04",), "views": {"LC04": View.FULL}}, "view-not-required"),
        ({"codes": ("SR05",)}, "level-needs-signed-messages"),
    ],
    ids=["too many fields", "too high a view", "too sensitive"],
)
def test_more_than_the_matter_needs_is_not_granted(
    world: World, case_no: CaseNumber, details: dict[str, Any], reason: str
) -> None:
    codes = details.pop("codes", ("ID01",))
    asked = world.asked(case_no, world.details(*codes, **details))

    with pytest.raises(AccessDeniedError, match=reason):
        give_consent(world.vault, asked)

    assert consents(world) == ()


def test_one_evidence_type_too_many_refuses_the_whole(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no, world.details("ID01", "SR05"))

    with pytest.raises(AccessDeniedError) as refused:
        give_consent(world.vault, asked)

    assert "level-needs-signed-messages" in refused.value.reasons
    assert "consent-given" not in refused.value.reasons
    assert (consents(world), state(world, asked)) == ((), UNDECIDED)


@pytest.mark.parametrize(("age", "given"), [(300, 1), (301, 0), (-1, 0)])
def test_a_consent_needs_a_fresh_sign_in(
    world: World, case_no: CaseNumber, age: int, given: int
) -> None:
    asked = world.asked(case_no, age=age)

    if given:
        give_consent(world.vault, asked)
    else:
        with pytest.raises(AccessDeniedError, match="sign-in-not-fresh"):
            give_consent(world.vault, asked)

    assert len(consents(world)) == given


def test_an_unknown_way_of_signing_in_grants_nothing(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no, acr="urn:other:acr")

    with pytest.raises(AccessDeniedError, match="acr-unknown"):
        give_consent(world.vault, asked)


def test_nobody_consents_in_another_s_case(world: World, case_no: CaseNumber) -> None:
    world.deposit(number=world.person(2))
    asked = world.asked(case_no, number=world.person(2))

    with pytest.raises(AccessDeniedError, match="case-not-open"):
        give_consent(world.vault, asked)


def test_a_case_of_another_department_is_as_if_it_were_not_there(
    world: World, case_no: CaseNumber
) -> None:
    asked = replace(world.asked(case_no), client_id=world.client_id(SCHOOL))

    with pytest.raises(NotFoundError):
        give_consent(world.vault, asked)

    assert world.last.kind is Kind.REFUSAL
    assert consents(world) == ()


Decide = Callable[[World, GiveConsent], object]

DECISIONS: dict[str, Decide] = {
    "give": lambda world, asked: give_consent(world.vault, asked),
    "deny": lambda world, asked: deny_consent(world.vault, asked),
}


@pytest.mark.parametrize("second", DECISIONS)
@pytest.mark.parametrize("first", DECISIONS)
def test_a_request_is_decided_once(
    world: World, case_no: CaseNumber, first: str, second: str
) -> None:
    asked = world.asked(case_no)
    DECISIONS[first](world, asked)
    before, given = len(world.entries), consents(world)

    with pytest.raises(ConflictError):
        DECISIONS[second](world, asked)

    assert (len(world.entries), consents(world)) == (before, given)


def test_of_two_decisions_at_once_the_first_counts(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no)
    world.journal.just_before_the_lock(lambda: deny_consent(world.vault, asked))

    with pytest.raises(ConflictError):
        give_consent(world.vault, asked)

    assert (consents(world), state(world, asked)) == ((), (True, InteractionState.DENIED))


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_page_that_was_closed_decides_nothing_and_spends_nothing(
    world: World, case_no: CaseNumber, decision: str
) -> None:
    asked = world.asked(case_no)
    with world.vault.work() as tx:
        tx.protocol.close_interaction(asked.interaction_id, state=InteractionState.DENIED)

    with pytest.raises(ConflictError):
        DECISIONS[decision](world, asked)

    assert state(world, asked) == (False, InteractionState.DENIED)
    assert consents(world) == ()


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_that_cannot_be_journalled_is_not_made(
    world: World, case_no: CaseNumber, decision: str
) -> None:
    asked = world.asked(case_no)
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        DECISIONS[decision](world, asked)

    assert (consents(world), state(world, asked)) == ((), UNDECIDED)
    DECISIONS[decision](world, asked)


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_client_that_is_not_there_is_not_found(
    world: World, case_no: CaseNumber, decision: str
) -> None:
    asked = replace(world.asked(case_no), client_id=ClientId("nobody"))

    with pytest.raises(NotFoundError):
        DECISIONS[decision](world, asked)


def test_declining_is_recorded_and_changes_nothing_else(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no)

    receipt = deny_consent(world.vault, asked)

    entry = world.last
    assert (entry.entry_id, entry.kind, entry.basis, entry.change) == (
        receipt.entry_id,
        Kind.REFUSAL,
        Basis.OWN,
        None,
    )
    assert entry.by == By(
        department=world.departments[MARKET], client=world.client_id(MARKET), member="self"
    )
    assert entry.decision is not None
    assert entry.decision.reasons == ("consent-refused",)
    assert state(world, asked) == (True, InteractionState.DENIED)
    with world.vault.read() as tx:
        assert tx.protocol.code(asked.code.code_hash) is None
    assert (consents(world), world.told[-1]) == ((), NoticeKind.CONSENT)


@pytest.mark.parametrize(
    "spoil", [lambda world: world.suspend(), lambda world: world.clock.advance(seconds=3600)]
)
def test_declining_takes_no_reason_no_freshness_and_no_live_client(
    world: World, case_no: CaseNumber, spoil: Callable[[World], object]
) -> None:
    asked = world.asked(case_no)
    spoil(world)

    deny_consent(world.vault, asked)

    assert state(world, asked) == (True, InteractionState.DENIED)


def test_nothing_is_granted_once_the_time_to_decide_is_over(
    world: World, case_no: CaseNumber
) -> None:
    asked = world.asked(case_no)
    world.clock.advance(seconds=600)
    late = replace(
        asked, signin=replace(asked.signin, auth=replace(asked.signin.auth, auth_time=world.now()))
    )

    with pytest.raises(ConflictError, match="time to decide"):
        give_consent(world.vault, late)

    assert state(world, asked) == (False, InteractionState.OPEN)
    assert consents(world) == ()


def test_a_client_that_goes_on_may_be_granted(world: World, case_no: CaseNumber) -> None:
    asked = world.asked(case_no)
    world.suspend()
    world.change_client(MARKET, status=ClientStatus.ACTIVE)

    give_consent(world.vault, asked)

    assert len(consents(world)) == 1
