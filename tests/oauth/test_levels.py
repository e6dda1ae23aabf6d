"""How strongly the holder signed in: asked for by clients, reached by holders, needed here."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.consent_page import Choice, Chosen
from api.deps import LedAwayError
from policies.scopes import View
from tests.support.oauth_world import GRANTED, ORIGIN, REDIRECT, SPACE, World
from tests.support.vault_values import a_passkey
from tests.support.window_world import WindowWorld, counter
from vault.clients.async_requests import AsyncState
from vault.clients.levels import AAL1, AAL2, AAL3
from vault.clients.metadata import ClientMetadata
from vault.clients.protocol import InteractionState, SignIn, authenticated
from vault.errors import NotFoundError, StepUpRequiredError

EVERYTHING = Choice(
    evidence={
        "ID01": Chosen(view=View.FULL, fields=frozenset({"name", "id_number"})),
        "LC04": Chosen(view=View.SUMMARY, fields=frozenset({"location", "usage", "area"})),
        "LC01": Chosen(view=View.VERIFY, fields=frozenset()),
    }
)
ESSENTIAL = {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": AAL2}}})}


def with_passkey(world: World) -> None:
    passkey = a_passkey(space=SPACE)
    with world.memory.work() as tx:
        tx.passkeys.add(passkey)


@pytest.mark.parametrize(
    ("asked", "passkey", "acr", "needed"),
    [
        ({}, True, AAL1, None),
        ({"acr_values": AAL1}, True, AAL1, None),
        ({"acr_values": AAL2}, True, AAL1, AAL2),
        ({"acr_values": AAL2}, True, AAL2, None),
        ({"acr_values": AAL2}, True, AAL3, None),
        ({"acr_values": AAL2}, False, AAL1, None),
        ({"acr_values": f"{AAL2} {AAL1}"}, True, AAL1, None),
        ({"acr_values": f"{AAL3} {AAL2}"}, True, AAL1, AAL2),
        (ESSENTIAL, True, AAL1, AAL2),
        (ESSENTIAL, True, AAL2, None),
        (ESSENTIAL, False, AAL2, None),
    ],
)
def test_b40_a_level_that_is_asked_for_is_met_as_far_as_the_holder_can(
    world: World, asked: dict[str, str], acr: str, needed: str | None, *, passkey: bool
) -> None:
    if passkey:
        with_passkey(world)
    interaction_id, browser = world.visit(**asked)
    signin = world.signin(acr=acr)

    if needed is None:
        world.desk.open(interaction_id, signin=signin, browser=browser)
        return

    with pytest.raises(StepUpRequiredError) as caught:
        world.desk.open(interaction_id, signin=signin, browser=browser)
    assert (caught.value.acr, caught.value.max_age_seconds) == (needed, 300)
    assert world.memory.rows.interactions[interaction_id].state is InteractionState.OPEN


def test_b40_an_essential_level_that_the_holder_cannot_reach_ends_the_request(
    world: World,
) -> None:
    interaction_id, browser = world.visit(**ESSENTIAL)
    signin = world.signin()

    with pytest.raises(LedAwayError) as led:
        world.desk.open(interaction_id, signin=signin, browser=browser)

    assert led.value.way.location.startswith(REDIRECT)
    assert dict(parse_qsl(urlsplit(led.value.way.location).query)) == {
        "flow": "1",
        "error": "unmet_authentication_requirements",
        "error_description": "the holder has no such sign-in",
        "state": "st",
        "iss": ORIGIN,
    }
    assert world.given == world.denied == []
    with pytest.raises(NotFoundError):
        world.desk.open(interaction_id, signin=world.signin(acr=AAL2), browser=browser)


def at_a_kiosk(world: WindowWorld, signin: SignIn, **asked: Any) -> Any:  # noqa: ANN401 - a code, and how its page is opened
    told = world.begin(**asked).json()
    return told["device_code"], lambda: world.opened(told["user_code"], signin=signin)


def at_a_counter(world: WindowWorld, signin: SignIn, **asked: Any) -> Any:  # noqa: ANN401 - a code, and how its page is opened
    if "claims" in asked:
        asked["claims"] = json.loads(asked["claims"])
    code = world.ask(**asked).json()["auth_req_id"]
    return code, lambda: world.asked_page(signin=signin)


def polled(world: WindowWorld, code: str) -> Any:  # noqa: ANN401 - an answer
    answer = world.poll(code) if code.startswith("vdc_") else world.fetch(code)
    return answer.status_code, answer.json().get("error")


@pytest.fixture
def windows() -> Iterator[WindowWorld]:
    found = WindowWorld()
    with found.http:
        yield found


@pytest.mark.parametrize("began", [at_a_kiosk, at_a_counter])
@pytest.mark.parametrize(
    ("asked", "passkey", "acr", "needed"),
    [
        ({}, True, AAL1, None),
        ({"acr_values": AAL2}, True, AAL1, AAL2),
        ({"acr_values": AAL2}, True, AAL2, None),
        ({"acr_values": AAL2}, False, AAL1, None),
        (ESSENTIAL, True, AAL1, AAL2),
        (ESSENTIAL, True, AAL2, None),
    ],
)
def test_b40_a_kiosk_or_counter_that_asks_for_a_level_has_it_met_as_far_as_the_holder_can(
    windows: WindowWorld,
    began: Callable[..., Any],
    asked: dict[str, str],
    acr: str,
    needed: str | None,
    *,
    passkey: bool,
) -> None:
    if passkey:
        with_passkey(windows)
    code, opened = began(windows, windows.signin(acr=acr), **asked)

    if needed is None:
        opened()
    else:
        with pytest.raises(StepUpRequiredError) as caught:
            opened()
        assert (caught.value.acr, caught.value.max_age_seconds) == (needed, 300)
    assert polled(windows, code) == (400, "authorization_pending")


@pytest.mark.parametrize("began", [at_a_kiosk, at_a_counter])
def test_b40_a_level_that_the_holder_cannot_reach_ends_the_request_of_a_kiosk_or_counter(
    windows: WindowWorld, began: Callable[..., Any]
) -> None:
    code, opened = began(windows, windows.signin(), **ESSENTIAL)

    with pytest.raises(LedAwayError) as led:
        opened()

    assert led.value.way.location == "/space/decided/unmet"
    assert polled(windows, code) == (400, "unmet_authentication_requirements")
    assert windows.given == windows.denied == []
    [row] = windows.memory.rows.asynchronous.values()
    assert (row.state, row.unmet) == (AsyncState.DENIED, AAL2)
    with pytest.raises((NotFoundError, ValueError)):
        opened()


def test_b40_a_request_that_ends_for_want_of_a_level_pings_the_counter_that_wants_it(
    windows: WindowWorld,
) -> None:
    metadata = ClientMetadata(location="3", ciba_notification_uri="https://counter.example/ping")
    windows.memory.add(counter(metadata=metadata))
    asked = {"client_notification_token": "n" * 22, "claims": json.loads(ESSENTIAL["claims"])}
    windows.ask(**asked)

    with pytest.raises(LedAwayError):
        windows.asked_page(signin=windows.signin())

    [call] = windows.memory.rows.calls.values()
    assert call.kind == "ciba-ping"


@pytest.mark.parametrize("began", [at_a_kiosk, at_a_counter])
def test_b40_a_kiosk_or_counter_may_want_a_newer_sign_in_than_usual(
    windows: WindowWorld, began: Callable[..., Any]
) -> None:
    seconds: Any = {"max_age": 60} if began is at_a_counter else {"max_age": "60"}
    code, opened = began(windows, windows.signin(age=61), **seconds)

    with pytest.raises(StepUpRequiredError) as caught:
        opened()

    assert (caught.value.acr, caught.value.max_age_seconds) == (AAL1, 60)
    assert polled(windows, code) == (400, "authorization_pending")


GOLD = json.dumps({"id_token": {"acr": {"essential": True, "value": "gold"}}})
UNMET = "unmet_authentication_requirements"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"acr_values": "urn:example:gold"}, UNMET),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": GOLD}, UNMET),
        ({"max_age": "-1"}, "invalid_request"),
    ],
)
def test_b40_a_kiosk_that_asks_for_a_level_that_does_not_exist_is_told_at_once(
    windows: WindowWorld, asked: dict[str, Any], code: str
) -> None:
    answer = windows.begin(**asked)

    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert not list(windows.memory.rows.asynchronous.values())


def test_b40_a_level_that_nobody_can_reach_here_is_refused_at_a_counter() -> None:
    world = WindowWorld(levels=(AAL1,))
    with world.http:
        answer = world.ask(acr_values=AAL2)

    assert (answer.status_code, answer.json()["error"]) == (400, UNMET)


def test_b40_an_old_sign_in_by_passkey_is_renewed_by_passkey(world: World) -> None:
    with_passkey(world)
    interaction_id, browser = world.visit(acr_values=AAL2)

    with pytest.raises(StepUpRequiredError) as caught:
        world.desk.open(interaction_id, signin=world.signin(acr=AAL2, age=301), browser=browser)

    assert caught.value.acr == AAL2


def token_of(world: World, *, acr: str) -> str:
    """Return a token that came of a sign-in of that level."""
    auth = authenticated(SPACE, acr=acr, at=world.clock.now - 30, signin_hash=b"a sign-in")
    answer: dict[str, Any] = world.redeem(world.code(granted=GRANTED, auth=auth)).json()
    return str(answer["access_token"])


def challenge_of(answer: Any) -> dict[str, str]:  # noqa: ANN401 - an answer of the test client
    scheme, _, parts = answer.headers["www-authenticate"].partition(" ")
    return {"scheme": scheme} | dict(re.findall(r'(\w+)="([^"]*)"', parts))


def test_b40_a_resource_says_what_it_needs_and_the_new_flow_satisfies_it(world: World) -> None:
    with_passkey(world)

    refused = world.use(token_of(world, acr=AAL1), path="/v1/sensitive")

    told = challenge_of(refused)
    assert refused.status_code == 401
    assert (told["scheme"], told["error"]) == ("DPoP", "insufficient_user_authentication")
    assert (told["acr_values"], told["max_age"]) == (AAL2, "300")
    assert told["resource_metadata"] == f"{ORIGIN}/.well-known/oauth-protected-resource"

    again = {name: told[name] for name in ("acr_values", "max_age")}
    interaction_id, browser = world.visit(**again)
    with pytest.raises(StepUpRequiredError):
        world.desk.open(interaction_id, signin=world.signin(), browser=browser)
    signin = world.signin(acr=AAL2)
    page = world.desk.open(interaction_id, signin=signin, browser=browser)
    way = world.desk.decide(
        interaction_id,
        signin=signin,
        browser=browser,
        choice=EVERYTHING,
        locale="zh-CN",
        shown_hash=page.shown_hash("zh-CN"),
    )
    code = dict(parse_qsl(urlsplit(way.location).query))["code"]
    token = world.redeem(code).json()["access_token"]

    assert world.use(token, path="/v1/sensitive").status_code == 200
    found = world.introspect(token)
    assert (found["acr"], found["auth_time"]) == (AAL2, signin.auth.auth_time)


def test_a_token_that_came_of_no_sign_in_is_not_asked_for_another_one(world: World) -> None:
    token = world.registry_token().json()["access_token"]

    assert world.use(token, path="/v1/sensitive").status_code == 200
