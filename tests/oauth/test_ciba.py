"""CIBA (FAPI-CIBA): a counter asks about a case, its holder answers on the own telephone."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from api.consent_page import Text, WindowShown
from api.oauth.matching import BLANK, number_in, numbers_of
from api.window_desk import Outcome, Waiting
from policies.requests import Action
from tests.support.oauth_world import (
    CASE,
    DEPARTMENT,
    ITEM,
    KEYS,
    NOW,
    OTHER_DEPARTMENT,
    OTHER_SPACE,
    SPACE,
    case,
    details,
)
from tests.support.window_world import (
    CIBA_PATH,
    EVIDENCE,
    MESSAGE,
    NUMBER,
    WINDOW,
    WindowWorld,
    counter,
)
from vault.cases import CaseState
from vault.clients.async_requests import AsyncKind, AsyncState
from vault.consents import ConsentStatus
from vault.crypto.tokens import well_formed
from vault.errors import InvalidInputError, NotFoundError, RateLimitedError
from vault.ids import CaseNumber, Space

INVALID = (400, "invalid_grant")
MALFORMED = (400, "invalid_request")
OTHER_CASE = CaseNumber("11110105PDY001012C4000131020100261124072999")


@pytest.fixture
def world() -> Iterator[WindowWorld]:
    found = WindowWorld()
    with found.http:
        yield found


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of any client
    return answer.status_code, answer.json().get("error", "")


def claims_of(text: str) -> dict[str, Any]:
    part = text.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def known(world: WindowWorld, space: Space) -> dict[str, Any]:
    with world.memory.work() as tx:
        tx.protocol.add_subject(space, sector=DEPARTMENT, fresh=b"\x01" * 16)
    return {}


def test_b49_a_counter_asks_and_is_told_what_to_poll_with(world: WindowWorld) -> None:
    answer = world.ask()

    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert well_formed(told.pop("auth_req_id"), prefix="vcb_")
    assert told == {"expires_in": 600, "interval": 5}


def test_b49_nothing_of_the_request_is_kept_in_plain(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]

    [row] = world.memory.rows.asynchronous.values()
    kept = repr(row).encode() + row.code_hash + row.params
    for secret in (code, CASE, MESSAGE):
        assert secret.encode() not in kept
    assert (row.kind, row.state, row.space) == (AsyncKind.CIBA, AsyncState.PENDING, SPACE)


def test_b49_the_holder_approves_and_the_counter_gets_one_token(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]

    waiting = world.fetch(code)
    outcome = world.say()
    answer = world.fetch(code)

    assert error(waiting) == (400, "authorization_pending")
    assert outcome is Outcome.GIVEN
    token = answer.json()
    assert (answer.status_code, token["token_type"]) == (200, "DPoP")
    assert token["scope"] == "ev:licence:business_license:verify"
    assert "refresh_token" not in token
    assert world.use(token["access_token"]).json()["client"] == "counter"
    assert error(world.fetch(code)) == INVALID


def test_b49_a_redeemed_request_asked_for_again_kills_every_token_that_came_of_it(
    world: WindowWorld,
) -> None:
    code = world.ask(scope="offline_access").json()["auth_req_id"]
    world.say()
    first = world.fetch(code).json()
    alive = world.introspect(first["access_token"])["active"]

    again = world.fetch(code)

    assert (alive, error(again)) == (True, INVALID)
    assert world.introspect(first["access_token"]) == {"active": False}
    assert error(world.refreshed(first["refresh_token"], client="counter")) == INVALID
    assert [one.client.client_id for one in world.misused] == ["counter"]


def test_b49_a_counter_that_asked_for_it_refreshes_until_the_case_is_decided(
    world: WindowWorld,
) -> None:
    code = world.ask(scope="offline_access").json()["auth_req_id"]
    signin = world.signin()
    request_id, page = world.asked_page(signin=signin)
    world.decide(request_id, page, signin=signin, number=NUMBER)
    first = world.fetch(code).json()

    second = world.refreshed(first["refresh_token"], client="counter")
    world.memory.add(case(state=CaseState.DECIDED))
    third = world.refreshed(first["refresh_token"], client="counter")

    assert page.ongoing is not None
    assert second.json()["refresh_token"] == first["refresh_token"]
    assert error(third) == INVALID


@pytest.mark.parametrize(
    ("how", "outcome", "refusal"),
    [
        ({"choice": None}, Outcome.DECLINED, Action.CONSENT_REFUSE),
        ({"reported": True}, Outcome.REPORTED, Action.CONSENT_REPORT),
        ({"reported": True, "choice": None}, Outcome.REPORTED, Action.CONSENT_REPORT),
    ],
)
def test_b49_a_holder_who_declines_or_reports_denies_the_counter(
    world: WindowWorld, how: dict[str, Any], outcome: Outcome, refusal: Action
) -> None:
    code = world.ask().json()["auth_req_id"]

    assert world.say(**how) is outcome
    assert error(world.fetch(code)) == (400, "access_denied")
    assert [one.refusal for one in world.denied] == [refusal]
    assert world.window.waiting(signin=world.signin()) == ()


def test_b49_a_request_that_nobody_decides_expires(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]
    world.clock.now += 600

    assert error(world.fetch(code)) == (400, "expired_token")
    assert world.window.waiting(signin=world.signin()) == ()


def test_b49_a_poll_that_comes_too_fast_is_told_to_slow_down(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]

    answers = [error(world.fetch(code))[1] for _ in range(2)]

    assert answers == ["authorization_pending", "slow_down"]


@pytest.mark.parametrize("code", ["vcb_x", "x", "vdc_" + "A" * 49])
def test_b49_an_unknown_id_is_an_invalid_grant(world: WindowWorld, code: str) -> None:
    assert error(world.fetch(code)) == INVALID


def test_b49_one_kind_of_code_is_no_other(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]

    polled = world.poll(code, client="kiosk")

    assert error(polled) == INVALID
    assert error(world.fetch("", auth_req_id=None)) == MALFORMED


@pytest.mark.parametrize("who", ["counter2", "key"])
def test_b49_another_client_or_key_fetches_nothing_and_changes_nothing(
    world: WindowWorld, who: str
) -> None:
    code = world.ask().json()["auth_req_id"]
    world.say()
    how: dict[str, Any] = {"client": who}
    if who == "key":
        how = {"proof": world.proof("/oauth/token", key=KEYS["proof2"])}

    foreign = world.fetch(code, **how)

    assert error(foreign) == INVALID
    assert world.fetch(code).status_code == 200


def test_b49_a_consent_that_ended_before_it_was_fetched_fails_the_transaction(
    world: WindowWorld,
) -> None:
    code = world.ask().json()["auth_req_id"]
    world.say()
    [consent] = world.memory.rows.consents.values()
    world.memory.rows.consents[consent.grant_id] = replace(consent, status=ConsentStatus.REVOKED)

    assert error(world.fetch(code)) == (400, "transaction_failed")


@pytest.mark.parametrize(
    ("asked", "life"),
    [("300", 300), (300, 300), ("600", 600), (86_400, 600), (1, 1)],
)
def test_b49_a_requested_expiry_may_be_a_number_or_its_text_and_is_capped(
    world: WindowWorld, asked: str | int, life: int
) -> None:
    told = world.ask(requested_expiry=asked).json()
    world.clock.now += life

    assert told["expires_in"] == life
    assert error(world.fetch(told["auth_req_id"])) == (400, "expired_token")


@pytest.mark.parametrize("asked", ["0", "-1", "soon", "1.5", "9" * 10, 0, -5])
def test_b49_any_other_expiry_is_refused(world: WindowWorld, asked: str | int) -> None:
    assert error(world.ask(requested_expiry=asked)) == MALFORMED


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint_token": "x"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "id_token_hint": "x"}, "unknown_user_id"),
        ({"login_hint": None, "login_hint_token": "x"}, "unknown_user_id"),
        ({"login_hint": "person:1"}, "unknown_user_id"),
        ({"login_hint": "case:"}, "unknown_user_id"),
        ({"login_hint": "case:x y"}, "unknown_user_id"),
        ({"login_hint": "shown:AAAAAAAA"}, "unknown_user_id"),
        ({"login_hint": "shown:BCDF-GHJK"}, "unknown_user_id"),
        ({"user_code": "1234"}, "invalid_request"),
        ({"binding_message": None}, "invalid_binding_message"),
        ({"binding_message": "no number"}, "invalid_binding_message"),
        ({"binding_message": "1 or 123"}, "invalid_binding_message"),
        ({"binding_message": "47 or 48"}, "invalid_binding_message"),
        ({"binding_message": "窗口 05"}, "invalid_binding_message"),
        ({"binding_message": f"47{'x' * 63}"}, "invalid_binding_message"),
        ({"binding_message": "47\u202e"}, "invalid_binding_message"),
        ({"scope": "ev:identity:resident_id_card:full"}, "invalid_scope"),
        ({"acr_values": "urn:none"}, "unmet_authentication_requirements"),
        ({"authorization_details": None}, "invalid_authorization_details"),
        (
            {"authorization_details": [details(evidence=[{"code": "SR05"}])]},
            "invalid_authorization_details",
        ),
        ({"authorization_details": [details(case="x")]}, "invalid_authorization_details"),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
        ({"dpop_jkt": KEYS["proof2"].thumbprint}, "invalid_dpop_proof"),
        ({"login_hint": "sub:short"}, "unknown_user_id"),
    ],
)
def test_b49_what_is_wrong_with_a_request_is_said(
    world: WindowWorld, changes: dict[str, Any], refused: str
) -> None:
    assert error(world.ask(**changes)) == (400, refused)
    assert world.memory.rows.asynchronous == {}


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("iss", "aud", "iat", "nbf", "exp", "jti")),
        {"aud": "https://elsewhere.example.org"},
        {"iss": "counter2"},
        {"nbf": NOW - 3700, "exp": NOW - 100},
        {"nbf": NOW, "exp": NOW + 3601},
        {"nbf": NOW + 61, "exp": NOW + 120},
        {"key": KEYS["counter2"]},
        {"header": {"alg": "none"}},
        {"header": {"alg": "RS256"}},
        {"header": {"typ": "dpop+jwt"}},
        {"request_uri": "https://client.example.org/r"},
    ],
)
def test_b49_a_request_object_is_signed_by_its_client_for_us_and_for_now(
    world: WindowWorld, changes: dict[str, Any]
) -> None:
    assert error(world.ask(**changes)) == (400, "invalid_request_object")
    assert world.memory.rows.asynchronous == {}


def test_b49_nothing_unsigned_counts(world: WindowWorld) -> None:
    signed = world.request_object()
    forms = [
        {"login_hint": f"case:{CASE}", "binding_message": MESSAGE},
        {"request": signed, "binding_message": MESSAGE},
        {"request": signed, "resource": "https://space.example.org"},
        {},
    ]

    answers = [world.post(CIBA_PATH, form, client="counter") for form in forms]

    assert [error(answer) for answer in answers] == [MALFORMED] * 4


def test_b49_a_request_object_is_good_once(world: WindowWorld) -> None:
    signed = world.request_object()

    answers = [world.post(CIBA_PATH, {"request": signed}, client="counter") for _ in range(2)]

    assert [error(answer) for answer in answers] == [(200, ""), (400, "invalid_request_object")]


def test_b49_a_key_is_proven_or_named_inside_the_request(world: WindowWorld) -> None:
    named = {"request": world.request_object(dpop_jkt=KEYS["proof"].thumbprint)}
    code = world.post(CIBA_PATH, named, client="counter", proof=None).json()["auth_req_id"]
    world.say()
    plain = {"request": world.request_object()}

    unnamed = world.post(CIBA_PATH, plain, client="counter", proof=None)

    assert error(unnamed) == MALFORMED
    other = world.fetch(code, proof=world.proof("/oauth/token", key=KEYS["proof2"]))
    assert error(other) == INVALID
    assert world.fetch(code).status_code == 200


@pytest.mark.parametrize("name", ["licensing", "kiosk", "checker"])
def test_b49_only_a_counter_asks(world: WindowWorld, name: str) -> None:
    form = {"request": world.request_object(name)}
    proof = world.proof(CIBA_PATH, nonce=world.nonce)

    assert error(world.post(CIBA_PATH, form, client=name, proof=proof)) == (
        400,
        "unauthorized_client",
    )


def test_b49_a_counter_without_the_grant_type_asks_in_vain(world: WindowWorld) -> None:
    world.memory.add(counter(grant_types=frozenset()))

    assert error(world.ask()) == (400, "unauthorized_client")


def test_b49_a_counter_that_asks_who_it_was_is_told_in_an_id_token(world: WindowWorld) -> None:
    code = world.ask(scope="openid").json()["auth_req_id"]
    signin = world.signin()
    request_id, page = world.asked_page(signin=signin)
    world.decide(request_id, page, signin=signin, number=NUMBER)

    answer = world.fetch(code).json()

    told = claims_of(answer["id_token"])
    assert page.identity is not None
    assert answer["scope"] == "ev:licence:business_license:verify openid"
    assert (told["aud"], told["auth_time"]) == ("counter", signin.auth.auth_time)
    again = world.ask(login_hint=f"sub:{told['sub']}")
    assert again.status_code == 200
    assert len(world.window.waiting(signin=signin)) == 1


# Who is meant.


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _world: {"login_hint": f"sub:{'A' * 22}"},
        lambda world: {"login_hint": f"sub:{'A' * 22}"} | known(world, SPACE),
        lambda _world: {"login_hint": f"case:{OTHER_CASE}"},
        lambda world: (
            world.memory.add(case(case_no=OTHER_CASE, space=OTHER_SPACE)),
            {"login_hint": f"case:{OTHER_CASE}"},
        )[1],
        lambda world: (
            world.memory.add(case(case_no=OTHER_CASE, department_id=OTHER_DEPARTMENT)),
            {"login_hint": f"case:{OTHER_CASE}"},
        )[1],
        lambda world: {
            "login_hint": f"shown:{world.window.show(signin=world.signin(OTHER_SPACE)).letters}"
        },
    ],
    ids=[
        "no sub",
        "another sub",
        "nobody",
        "somebody else",
        "of another department",
        "on another screen",
    ],
)
def test_b49_a_hint_that_leads_to_nobody_is_answered_like_any_other(
    world: WindowWorld, spoil: Callable[[WindowWorld], dict[str, Any]]
) -> None:
    answer = world.ask(**spoil(world))

    told = answer.json()
    code = told.pop("auth_req_id")
    assert (answer.status_code, told) == (200, {"expires_in": 600, "interval": 5})
    assert error(world.fetch(code)) == (400, "authorization_pending")
    for space in (SPACE, OTHER_SPACE):
        assert world.window.waiting(signin=world.signin(space)) == ()
    world.clock.now += 600
    assert error(world.fetch(code)) == (400, "expired_token")


def test_b49_a_code_on_the_holders_screen_is_good_once(world: WindowWorld) -> None:
    shown = world.window.show(signin=world.signin())

    first = world.ask(login_hint=f"shown:{shown.letters}")
    second = world.ask(login_hint=f"shown:{shown.letters}")

    assert (first.status_code, shown.expires_at) == (200, NOW + 300)
    assert error(second) == (400, "unknown_user_id")
    assert world.say() is Outcome.GIVEN


def test_b49_a_code_on_the_holders_screen_is_good_for_five_minutes(world: WindowWorld) -> None:
    shown = world.window.show(signin=world.signin())
    world.clock.now += 300

    assert error(world.ask(login_hint=f"shown:{shown.letters}")) == (400, "unknown_user_id")


def test_b49_a_counter_that_guesses_codes_has_to_wait(world: WindowWorld) -> None:
    guessed = [world.ask(login_hint="shown:BCDFGHJK") for _ in range(21)]
    shown = world.window.show(signin=world.signin())

    right = world.ask(login_hint=f"shown:{shown.letters}")

    assert [one.status_code for one in guessed] == [400] * 20 + [429]
    assert error(right) == (429, "temporarily_unavailable")
    assert int(right.headers["retry-after"]) > 0


def test_b49_a_screen_shows_so_many_codes_an_hour(world: WindowWorld) -> None:
    signin = world.signin()
    letters = {world.window.show(signin=signin).letters for _ in range(12)}

    with pytest.raises(RateLimitedError):
        world.window.show(signin=signin)

    assert len(letters) == 12


@pytest.mark.parametrize("hint", [f"case:{CASE}", f"case:{OTHER_CASE}"])
def test_b49_a_holder_is_asked_so_often_and_it_does_not_show_whom_a_hint_led_to(
    world: WindowWorld, hint: str
) -> None:
    answers = [world.ask(login_hint=hint) for _ in range(6)]

    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert error(answers[-1]) == (429, "temporarily_unavailable")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_b49_after_a_report_nobody_asks_for_the_item_until_the_next_day_ends(
    world: WindowWorld,
) -> None:
    world.ask()
    world.say(reported=True)

    assert error(world.ask()) == (429, "temporarily_unavailable")


# Who answers, and to what.


def test_b50_the_page_says_where_and_when_and_shows_three_numbers(world: WindowWorld) -> None:
    world.ask()

    signin = world.signin()
    [waiting] = world.window.waiting(signin=signin)
    pages = [world.window.open(waiting.request_id, signin=signin) for _ in range(2)]

    assert waiting == Waiting(
        request_id=waiting.request_id,
        department=Text(
            "示范区市场监督管理局（模拟）", "Demo District Market Regulation (simulated)"
        ),
        item=pages[0].item,
        place=WINDOW,
        asked_at=NOW,
    )
    window = pages[0].window
    assert window is not None
    assert window == WindowShown(
        kind="ciba",
        place=WINDOW,
        asked_at=NOW,
        message=f"3号窗口 {BLANK}",
        numbers=window.numbers,
    )
    assert NUMBER in window.numbers
    assert len(set(window.numbers)) == 3
    assert pages[0] == pages[1]


def test_b50_the_wrong_number_denies_and_says_so_in_the_journal(world: WindowWorld) -> None:
    code = world.ask().json()["auth_req_id"]
    signin = world.signin()
    request_id, page = world.asked_page(signin=signin)
    assert page.window is not None
    wrong = next(one for one in page.window.numbers if one != NUMBER)

    outcome = world.decide(request_id, page, signin=signin, number=wrong)

    assert outcome is Outcome.MISMATCHED
    assert error(world.fetch(code)) == (400, "access_denied")
    assert [one.refusal for one in world.denied] == [Action.CONSENT_MISMATCH]
    assert world.given == []
    with pytest.raises(NotFoundError):
        world.decide(request_id, page, signin=signin, number=NUMBER)


@pytest.mark.parametrize("number", ["", "00", "4"])
def test_b50_no_number_is_no_decision(world: WindowWorld, number: str) -> None:
    code = world.ask().json()["auth_req_id"]

    with pytest.raises(InvalidInputError):
        world.say(number=number)

    assert (world.given, world.denied) == ([], [])
    assert error(world.fetch(code)) == (400, "authorization_pending")


def test_b50_nobody_else_approves_not_even_with_the_id(world: WindowWorld) -> None:
    world.ask()
    signin, clerk = world.signin(), world.signin(OTHER_SPACE)
    request_id, page = world.asked_page(signin=signin)

    assert world.window.waiting(signin=clerk) == ()
    for attempt in (
        lambda: world.window.open(request_id, signin=clerk),
        lambda: world.decide(request_id, page, signin=clerk, number=NUMBER),
        lambda: world.window.open(request_id, signin=world.signin()),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert world.given == []


def test_b50_an_approval_is_no_approval_of_the_next_request(world: WindowWorld) -> None:
    world.ask()
    signin = world.signin()
    request_id, page = world.asked_page(signin=signin)
    world.decide(request_id, page, signin=signin, number=NUMBER)
    code = world.ask().json()["auth_req_id"]

    with pytest.raises(NotFoundError):
        world.decide(request_id, page, signin=signin, number=NUMBER)

    assert error(world.fetch(code)) == (400, "authorization_pending")


def test_b50_what_cannot_be_granted_any_more_is_not_put_before_the_holder(
    world: WindowWorld,
) -> None:
    world.ask()
    world.memory.add(case(state=CaseState.WITHDRAWN))

    assert world.window.waiting(signin=world.signin()) == ()


@pytest.mark.parametrize("number", ["10", "47", "99"])
def test_b50_numbers_are_two_digits_and_differ_from_request_to_request(number: str) -> None:
    def keyed(message: bytes) -> bytes:
        return sha256(message).digest()

    drawn = {numbers_of(number, request_id=bytes([n]) * 16, keyed=keyed) for n in range(30)}

    assert len(drawn) > 5
    assert all(number in three and len(set(three)) == 3 for three in drawn)
    assert {len(one) for three in drawn for one in three} == {2}


@pytest.mark.parametrize("message", ["47", "Window A: 47", "2026 年，3 号 47。", "x" * 62 + "47"])
def test_b50_a_message_has_one_number_of_two_digits(message: str) -> None:
    assert number_in(message) == "47"


def test_the_tests_know_their_world() -> None:
    assert case().department_id == DEPARTMENT
    assert case().item == ITEM
    assert EVIDENCE[0] == {"code": "LC01"}
