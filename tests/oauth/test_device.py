"""The device flow (RFC 8628): a kiosk shows a code, its visitor decides on the own telephone."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.consent_page import WindowShown
from api.window_desk import Outcome
from policies.requests import Action
from tests.support.oauth_world import CASE, KEYS, NOW, ORIGIN, OTHER_SPACE, SPACE, case, details
from tests.support.window_world import (
    DEVICE_PATH,
    EVIDENCE,
    HALL,
    VERIFY,
    WindowWorld,
    kiosk,
)
from vault.cases import CaseState
from vault.clients.async_requests import AsyncKind, AsyncState
from vault.consents import ConsentStatus
from vault.crypto.letters import ALPHABET
from vault.crypto.tokens import well_formed
from vault.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StepUpRequiredError,
)

INVALID = (400, "invalid_grant")
SHORT = {"from": NOW, "to": NOW + 3600}


@pytest.fixture
def world() -> Iterator[WindowWorld]:
    found = WindowWorld()
    with found.http:
        yield found


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of any client
    return answer.status_code, answer.json().get("error", "")


def test_b51_a_kiosk_begins_and_is_told_what_to_show(world: WindowWorld) -> None:
    answer = world.begin()

    told = answer.json()
    code, shown = told.pop("device_code"), told.pop("user_code")
    assert answer.status_code == 200
    assert well_formed(code, prefix="vdc_")
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", shown)
    assert told == {
        "verification_uri": f"{ORIGIN}/space/device",
        "verification_uri_complete": f"{ORIGIN}/space/device/{shown.lower()}",
        "expires_in": 600,
        "interval": 5,
    }
    assert answer.headers["cache-control"] == "no-store"


def test_b51_neither_code_is_kept_in_plain(world: WindowWorld) -> None:
    told = world.begin().json()

    [row] = world.memory.rows.asynchronous.values()
    kept = repr(row).encode() + row.code_hash + (row.user_code_hash or b"") + row.params
    for secret in (told["device_code"], told["user_code"], told["user_code"].replace("-", "")):
        assert secret.encode() not in kept
    assert CASE.encode() not in kept
    assert (row.kind, row.state, row.space) == (AsyncKind.DEVICE, AsyncState.PENDING, SPACE)


def test_b51_the_holder_grants_and_the_kiosk_gets_one_token(world: WindowWorld) -> None:
    told = world.begin().json()

    waiting = world.poll(told["device_code"])
    outcome = world.answer(told["user_code"])
    world.clock.now += 5
    answer = world.poll(told["device_code"])

    assert error(waiting) == (400, "authorization_pending")
    assert outcome is Outcome.GIVEN
    token = answer.json()
    assert answer.status_code == 200
    assert (token["token_type"], token["expires_in"]) == ("DPoP", 300)
    assert token["scope"] == "ev:licence:business_license:verify"
    assert token["authorization_details"][0]["evidence"] == [{"code": "LC01", "view": "verify"}]
    assert "refresh_token" not in token
    used = world.use(
        token["access_token"],
        proof=world.proof(
            "/v1/probe", method="GET", token=token["access_token"], nonce=world.nonce
        ),
    )
    assert used.json()["client"] == "kiosk"
    seen = world.introspect(token["access_token"])
    assert (seen["grant_id"], seen["cnf"]) == (
        token["grant_id"],
        {"jkt": KEYS["proof"].thumbprint},
    )


def test_d15_a_device_code_is_redeemed_once(world: WindowWorld) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])

    answers = [world.poll(told["device_code"]) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert error(answers[1]) == INVALID


@pytest.mark.parametrize("again", [{}, {"key": KEYS["proof2"]}])
def test_b51_a_redeemed_device_code_shown_again_kills_what_came_of_it(
    world: WindowWorld, again: dict[str, Any]
) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])
    token = world.poll(told["device_code"]).json()["access_token"]
    alive = world.introspect(token)["active"]

    refused = world.poll(told["device_code"], **again)

    assert (alive, error(refused)) == (True, INVALID)
    assert world.introspect(token) == {"active": False}
    assert [(one.space, one.client.client_id) for one in world.misused] == [(SPACE, "kiosk")]


def test_b51_a_redeemed_device_code_of_somebody_else_kills_nothing(world: WindowWorld) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])
    token = world.poll(told["device_code"]).json()["access_token"]

    refused = world.poll(told["device_code"], client="kiosk2")

    assert error(refused) == INVALID
    assert world.introspect(token)["active"] is True
    assert [one.client.client_id for one in world.misused] == ["kiosk2"]


@pytest.mark.parametrize("code", ["vdc_x", "x", "vcb_" + "A" * 49, "vdc_" + "A" * 49])
def test_d15_an_unknown_device_code_is_an_invalid_grant(world: WindowWorld, code: str) -> None:
    assert error(world.poll(code)) == INVALID


def test_d15_a_poll_without_a_device_code_is_malformed(world: WindowWorld) -> None:
    assert error(world.poll("", device_code=None)) == (400, "invalid_request")


def test_b51_a_well_formed_code_that_nobody_got_is_an_invalid_grant(world: WindowWorld) -> None:
    assert error(world.poll(world.provider.secrets.mint("vdc_"))) == INVALID


@pytest.mark.parametrize("foreign", [{"client": "kiosk2"}, {"key": KEYS["proof2"]}])
def test_b51_another_client_or_key_redeems_nothing_and_changes_nothing(
    world: WindowWorld, foreign: dict[str, Any]
) -> None:
    told = world.begin().json()
    early = world.poll(told["device_code"], **foreign)
    world.answer(told["user_code"])

    late = world.poll(told["device_code"], **foreign)

    assert [error(early), error(late)] == [INVALID] * 2
    assert [one.space for one in world.misused] == [SPACE]
    assert world.poll(told["device_code"]).status_code == 200


def test_b51_polls_that_come_too_fast_make_the_interval_longer_for_good(
    world: WindowWorld,
) -> None:
    code = world.begin().json()["device_code"]

    answers = []
    for seconds in (0, 5, 4, 9, 15):
        world.clock.now += seconds
        answers.append(error(world.poll(code))[1])

    assert answers == [
        "authorization_pending",
        "authorization_pending",
        "slow_down",
        "slow_down",
        "authorization_pending",
    ]


def test_b51_a_request_that_nobody_decides_expires(world: WindowWorld) -> None:
    told = world.begin().json()
    world.clock.now += 600

    assert error(world.poll(told["device_code"])) == (400, "expired_token")
    with pytest.raises(NotFoundError):
        world.window.enter(told["user_code"], signin=world.signin())


def test_b51_an_approval_that_is_not_fetched_in_time_expires(world: WindowWorld) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])
    world.clock.now += 600

    assert error(world.poll(told["device_code"])) == (400, "expired_token")


@pytest.mark.parametrize(
    ("how", "outcome", "refusal"),
    [
        ({"choice": None}, Outcome.DECLINED, Action.CONSENT_REFUSE),
        ({"reported": True}, Outcome.REPORTED, Action.CONSENT_REPORT),
    ],
)
def test_b51_a_holder_who_declines_or_reports_denies_the_kiosk(
    world: WindowWorld, how: dict[str, Any], outcome: Outcome, refusal: Action
) -> None:
    told = world.begin().json()

    assert world.answer(told["user_code"], **how) is outcome
    assert error(world.poll(told["device_code"])) == (400, "access_denied")
    [denied] = world.denied
    assert (denied.refusal, denied.kind) == (refusal, AsyncKind.DEVICE)


def test_b51_after_a_report_nobody_asks_for_the_item_until_the_next_day_ends(
    world: WindowWorld,
) -> None:
    world.answer(world.begin().json()["user_code"], reported=True)

    with pytest.raises(RateLimitedError):
        world.answer(world.begin().json()["user_code"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"evidence": [{"code": "ID01", "view": "full"}]}, "stronger profile"),
        ({"evidence": [{"code": "SR05"}]}, "stronger profile"),
        ({"valid": {"from": NOW, "to": NOW + 86_401}}, "stronger profile"),
        ({"evidence": [{"code": "LC07"}]}, "not registered"),
        ({"case": "unknown"}, "does not belong"),
        ({"uses": 0}, "malformed member"),
    ],
)
def test_b51_a_kiosk_asks_for_less_than_others(
    world: WindowWorld, changes: dict[str, Any], told: str
) -> None:
    answer = world.begin([details(**({"evidence": EVIDENCE, "valid": SHORT} | changes))])

    assert error(answer) == (400, "invalid_authorization_details")
    assert told in answer.json()["error_description"]
    assert world.memory.rows.asynchronous == {}


def test_b51_a_kiosk_asks_for_a_day_at_most(world: WindowWorld) -> None:
    longest = {"from": NOW, "to": NOW + 86_400}

    assert world.begin([details(evidence=EVIDENCE, valid=longest)]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"scope": "ev:identity:resident_id_card:full"}, "invalid_scope"),
        ({"scope": "ev:*:*"}, "invalid_scope"),
        ({"authorization_details": None}, "invalid_authorization_details"),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"grant_id": "0" * 32}, "invalid_request"),
        ({"acr_values": "urn:none"}, "unmet_authentication_requirements"),
        ({"dpop_jkt": KEYS["proof2"].thumbprint}, "invalid_dpop_proof"),
    ],
)
def test_b51_d15_scopes_and_parameters_are_checked_as_at_par(
    world: WindowWorld, changes: dict[str, Any], refused: str
) -> None:
    answer = world.begin(**changes)

    assert error(answer) == (400, refused)
    assert world.memory.rows.asynchronous == {}


def test_b51_a_scope_that_an_object_covers_may_stand_beside_it(world: WindowWorld) -> None:
    assert world.begin(scope="ev:licence:business_license:verify").status_code == 200


def test_b51_a_key_may_be_named_where_none_is_proven(world: WindowWorld) -> None:
    form = {
        "authorization_details": json.dumps([details(evidence=EVIDENCE, valid=SHORT)]),
        "dpop_jkt": KEYS["proof"].thumbprint,
    }
    told = world.post(DEVICE_PATH, form, client="kiosk", proof=None).json()
    world.answer(told["user_code"])

    other = world.poll(told["device_code"], key=KEYS["proof2"])

    assert error(other) == INVALID
    assert world.poll(told["device_code"]).status_code == 200
    unnamed = world.post(
        DEVICE_PATH,
        {"authorization_details": form["authorization_details"]},
        client="kiosk",
        proof=None,
    )
    assert error(unnamed) == (400, "invalid_request")


def test_b24_b51_every_proof_of_a_kiosk_needs_a_nonce(world: WindowWorld) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])

    begun, polled = world.begin(nonce=None), world.poll(told["device_code"], nonce=None)
    token = world.poll(told["device_code"]).json()["access_token"]
    used = world.use(token)

    assert [error(begun), error(polled)] == [(400, "use_dpop_nonce")] * 2
    assert begun.headers["dpop-nonce"] == world.nonce
    assert used.status_code == 401
    assert 'error="use_dpop_nonce"' in used.headers["www-authenticate"]


@pytest.mark.parametrize("name", ["licensing", "counter", "checker"])
def test_d15_only_a_kiosk_begins(world: WindowWorld, name: str) -> None:
    assert error(world.begin(client=name)) == (400, "unauthorized_client")


def test_d15_a_kiosk_begins_only_what_it_is_registered_for(world: WindowWorld) -> None:
    world.memory.add(kiosk(grant_types=frozenset()))

    assert error(world.begin()) == (400, "unauthorized_client")
    assert error(world.poll("vdc_x")) == (400, "unauthorized_client")


def test_b51_a_kiosk_that_begins_again_and_again_has_to_wait(world: WindowWorld) -> None:
    answers = [world.begin() for _ in range(21)]

    assert [one.status_code for one in answers] == [200] * 20 + [429]
    assert error(answers[-1]) == (429, "temporarily_unavailable")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


def test_b51_the_page_says_where_the_kiosk_stands_and_since_when(world: WindowWorld) -> None:
    _, page = world.opened(world.begin().json()["user_code"], signin=world.signin())

    assert page.window == WindowShown(kind="device", place=HALL, asked_at=NOW)
    assert page.redirect_origin == ""
    moved = replace(page, window=replace(page.window, place="elsewhere"))
    assert page.shown_hash("zh-CN") != moved.shown_hash("zh-CN")


@pytest.mark.parametrize("typed", ["", "BCDF", "AAAA-AAAA", "<script>"])
def test_b51_what_is_no_code_is_not_counted_as_a_guess(world: WindowWorld, typed: str) -> None:
    signin = world.signin()
    for _ in range(9):
        with pytest.raises(InvalidInputError):
            world.window.enter(typed, signin=signin)

    assert world.answer(world.begin().json()["user_code"], signin=signin) is Outcome.GIVEN


def test_b51_a_sign_in_guesses_five_times_and_no_more(world: WindowWorld) -> None:
    signin = world.signin()
    for _ in range(5):
        with pytest.raises(NotFoundError):
            world.window.enter("BCDF-GHJK", signin=signin)

    with pytest.raises(RateLimitedError) as locked:
        world.window.enter(world.begin().json()["user_code"], signin=signin)

    assert locked.value.retry_after_seconds == signin.expires_at - NOW


def test_b51_signing_in_anew_is_no_way_round_for_whoever_guesses(world: WindowWorld) -> None:
    refused = []
    for _ in range(3):
        signin = world.signin()
        for _ in range(4):
            with pytest.raises((NotFoundError, RateLimitedError)) as caught:
                world.window.enter("BCDF-GHJK", signin=signin)
            refused.append(caught.type)

    assert refused == [NotFoundError] * 10 + [RateLimitedError] * 2


def test_b51_a_code_that_is_right_is_no_guess(world: WindowWorld) -> None:
    signin = world.signin()
    code = world.begin().json()["user_code"]

    assert len({world.window.enter(code, signin=signin) for _ in range(9)}) == 1


def test_b51_somebody_elses_sign_in_finds_nothing(world: WindowWorld) -> None:
    told, signin, stranger = world.begin().json(), world.signin(), world.signin(OTHER_SPACE)
    request_id, page = world.opened(told["user_code"], signin=signin)

    for attempt in (
        lambda: world.window.enter(told["user_code"], signin=stranger),
        lambda: world.window.open(request_id, signin=stranger),
        lambda: world.decide(request_id, page, signin=stranger),
        lambda: world.window.open(request_id, signin=world.signin()),
        lambda: world.window.open(bytes(16), signin=signin),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert world.given == []


def test_b51_a_page_is_decided_by_the_sign_in_that_opened_it(world: WindowWorld) -> None:
    signin = world.signin()
    request_id = world.window.enter(world.begin().json()["user_code"], signin=signin)
    _, page = world.opened(world.begin().json()["user_code"], signin=world.signin())

    with pytest.raises(NotFoundError, match="not opened"):
        world.decide(request_id, page, signin=signin)


def test_b51_a_new_sign_in_takes_the_place_of_the_one_that_ended(world: WindowWorld) -> None:
    first = world.signin()
    request_id, _ = world.opened(world.begin().json()["user_code"], signin=first)
    with world.memory.work() as tx:
        tx.protocol.end_signin(first.signin_hash, now=world.clock.now)
    second = world.signin()

    page = world.window.open(request_id, signin=second)

    assert world.decide(request_id, page, signin=second) is Outcome.GIVEN


def test_b51_the_decision_needs_a_sign_in_of_the_last_minutes(world: WindowWorld) -> None:
    signin = world.signin(age=301)
    request_id = world.window.enter(world.begin().json()["user_code"], signin=signin)

    with pytest.raises(StepUpRequiredError) as asked:
        world.window.open(request_id, signin=signin)

    assert asked.value.max_age_seconds == 300


def test_b51_what_was_shown_is_what_is_decided(world: WindowWorld) -> None:
    signin = world.signin()
    request_id, page = world.opened(world.begin().json()["user_code"], signin=signin)
    world.memory.add(kiosk(name_zh="别的系统"))

    with pytest.raises(ConflictError, match="shown has changed"):
        world.decide(request_id, page, signin=signin)

    assert world.given == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: world.memory.add(case(state=CaseState.CLOSED)),
        lambda world: world.memory.add(kiosk(service_items=frozenset())),
        lambda world: world.memory.add(kiosk(grant_types=frozenset())),
        lambda world: world.memory.add(case(space=OTHER_SPACE)),
    ],
)
def test_b51_what_would_not_be_accepted_now_is_not_granted(
    world: WindowWorld,
    spoil: Any,  # noqa: ANN401 - one of the above
) -> None:
    signin = world.signin()
    request_id, page = world.opened(world.begin().json()["user_code"], signin=signin)
    spoil(world)

    with pytest.raises(ConflictError):
        world.decide(request_id, page, signin=signin)


def test_b51_a_decision_is_final(world: WindowWorld) -> None:
    told, signin = world.begin().json(), world.signin()
    request_id, page = world.opened(told["user_code"], signin=signin)
    world.decide(request_id, page, signin=signin)

    for again in ({}, {"choice": None}, {"reported": True}):
        with pytest.raises(NotFoundError):
            world.decide(request_id, page, signin=signin, **again)
    with pytest.raises(NotFoundError):
        world.window.enter(told["user_code"], signin=signin)


def test_b51_a_wider_choice_is_refused(world: WindowWorld) -> None:
    signin = world.signin()
    request_id, page = world.opened(world.begin().json()["user_code"], signin=signin)

    with pytest.raises(InvalidInputError):
        world.decide(request_id, page, signin=signin, choice=replace(VERIFY, ends_at=NOW + 99_999))


def test_b51_a_consent_that_ended_before_it_was_fetched_is_worth_nothing(
    world: WindowWorld,
) -> None:
    told = world.begin().json()
    world.answer(told["user_code"])
    [consent] = world.memory.rows.consents.values()
    world.memory.rows.consents[consent.grant_id] = replace(consent, status=ConsentStatus.PAUSED)

    assert error(world.poll(told["device_code"])) == INVALID


def test_b51_two_kiosks_never_show_the_same_letters(world: WindowWorld) -> None:
    drawn = iter([*([b"\x00" * 8] * 2), b"\x01" * 8])
    plain = world.vault.random
    letters = lambda count: next(drawn) if count == 8 else plain(count)  # noqa: E731 - short
    world.vault.random = letters

    told = [world.begin().json()["user_code"] for _ in range(2)]

    assert told == ["BBBB-BBBB", "CCCC-CCCC"]


def test_b51_a_kiosk_waits_where_no_letters_are_free(world: WindowWorld) -> None:
    plain = world.vault.random
    world.vault.random = lambda count: bytes(8) if count == 8 else plain(count)
    world.begin()

    assert error(world.begin()) == (503, "temporarily_unavailable")
