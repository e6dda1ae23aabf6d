"""``grant_management_action`` at PAR: a grant is changed by a new decision on all of it."""

import os
from dataclasses import replace
from typing import Any

import pytest

from api.consent_page import Choice, Chosen, ConsentPage
from policies.scopes import View
from tests.oauth.test_consent import decide, opened, queried
from tests.oauth.test_par import error
from tests.support.oauth_world import (
    GRANTED,
    ITEM,
    NOW,
    OTHER_SPACE,
    World,
    case,
    details,
)
from vault.clients.protocol import SignIn
from vault.consents import Consent, ConsentStatus
from vault.consents.details import EvidenceGrant
from vault.errors import ConflictError
from vault.ids import CaseNumber, ClientId, GrantId, MandateId

ESTATE = [details(evidence=[{"code": "LC04", "view": "summary"}])]
ALL = Choice(
    evidence={
        "ID01": Chosen(view=View.FULL, fields=frozenset({"name", "id_number"})),
        "LC01": Chosen(view=View.VERIFY, fields=frozenset()),
        "LC04": Chosen(view=View.SUMMARY, fields=frozenset({"location"})),
    }
)
OTHER_CASE = CaseNumber("11110105PDY001012C4000131020100261124072194")


def granted(world: World, **changes: Any) -> Consent:  # noqa: ANN401 - any attribute
    """Let a consent be there: identity card in full, business licence verified."""
    consent = replace(world.consent(GrantId(os.urandom(16)), GRANTED), **changes)
    world.memory.add(consent)
    return consent


def shown(
    world: World,
    consent: Consent,
    action: str,
    **changes: Any,  # noqa: ANN401 - any parameter
) -> tuple[ConsentPage, SignIn, str]:
    """Push a request for the estate that changes ``consent``, and open it."""
    how = {"grant_management_action": action, "grant_id": consent.grant_id.hex()}
    return opened(world, details=ESTATE, **(how | changes))


def test_b33_a_merge_asks_for_what_was_granted_and_what_is_new_together(world: World) -> None:
    consent = granted(world)

    page, *_ = shown(world, consent, "merge")

    assert {one.code: one.views[-1] for one in page.evidence} == {
        "ID01": View.FULL,
        "LC01": View.VERIFY,
        "LC04": View.SUMMARY,
    }
    assert page.renews is not None
    assert page.renews.en.startswith("You gave a consent for this on 18 November 2026.")
    assert page.renews.zh.startswith("您在 2026 年 11 月 18 日已为这件事授权")


def test_b33_a_merge_takes_the_wider_of_two_views(world: World) -> None:
    low = EvidenceGrant(code="LC04", view=View.VERIFY, fields=frozenset())
    consent = granted(world, details=replace(GRANTED, evidence={"LC04": low}))

    page, *_ = shown(world, consent, "merge")

    [one] = page.evidence
    assert (one.code, one.views[-1]) == ("LC04", View.SUMMARY)


def test_b33_a_replacement_asks_for_what_is_new_alone(world: World) -> None:
    page, *_ = shown(world, granted(world), "replace")

    assert [one.code for one in page.evidence] == ["LC04"]
    assert page.renews is not None


def test_b33_a_new_grant_takes_the_place_of_none(world: World) -> None:
    page, *_ = opened(world, grant_management_action="create")

    assert page.renews is None


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_b33_the_decision_renews_the_same_grant(world: World, action: str) -> None:
    consent = granted(world)
    page = shown(world, consent, action)
    left = {one.code for one in page[0].evidence} & {"LC01", "LC04"}
    choice = Choice(evidence={code: ALL.evidence[code] for code in left})

    code = queried(decide(world, page, choice))["code"]

    [given] = world.given
    answer = world.redeem(code).json()
    assert (given.renews, given.code.grant_id) == (consent, consent.grant_id)
    assert set(given.details.evidence) == left
    assert answer["grant_id"] == consent.grant_id.hex()
    assert {one["code"] for one in answer["authorization_details"][0]["evidence"]} == left


def test_b33_declining_leaves_the_grant_as_it_was(world: World) -> None:
    consent = granted(world)

    decide(world, shown(world, consent, "replace"), None)

    assert world.given == []
    assert world.memory.rows.consents[consent.grant_id] == consent


def test_b33_a_grant_that_changes_under_the_page_is_shown_again(world: World) -> None:
    consent = granted(world)
    page = shown(world, consent, "merge")
    less = {"ID01": GRANTED.evidence["ID01"]}
    world.memory.add(replace(consent, version=2, details=replace(GRANTED, evidence=less)))

    with pytest.raises(ConflictError):
        decide(world, page, ALL)

    assert world.given == []


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ClientId("other")},
        {"status": ConsentStatus.REVOKED},
        {"expires_at_ms": NOW * 1000},
        {"parent_id": GrantId(b"\x41" * 16), "mandate_id": MandateId(b"\x42" * 16)},
    ],
    ids=str,
)
def test_b33_a_grant_of_others_or_one_that_is_over_is_like_none(
    world: World, changes: dict[str, Any]
) -> None:
    consent = granted(world, **changes)
    how = {"grant_management_action": "merge"}

    answer = world.push(grant_id=consent.grant_id.hex(), **how)
    unknown = world.push(grant_id="0" * 32, **how)

    assert error(answer) == (400, "invalid_grant_id")
    assert answer.json() == unknown.json()


@pytest.mark.parametrize("grant_id", ["x", "0" * 30, "A" * 32, "国"])
def test_b33_what_is_no_id_is_like_none(world: World, grant_id: str) -> None:
    answer = world.push(grant_management_action="replace", grant_id=grant_id)

    assert error(answer) == (400, "invalid_grant_id")


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "other"},
        {"item": "other"},
        {"case_no": OTHER_CASE},
        {"space": OTHER_SPACE},
    ],
    ids=str,
)
@pytest.mark.parametrize("action", ["merge", "replace"])
def test_b33_no_grant_is_carried_over_to_another_matter(
    world: World, action: str, changes: dict[str, Any]
) -> None:
    world.memory.add(case(case_no=OTHER_CASE, item=ITEM))
    consent = granted(world, **changes)

    answer = world.push(grant_management_action=action, grant_id=consent.grant_id.hex())

    assert error(answer) == (400, "invalid_request")
    assert "within purpose, item and case" in answer.json()["error_description"]
