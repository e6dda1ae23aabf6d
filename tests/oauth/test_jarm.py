import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.consent_page import Choice, Chosen
from api.way_back import WayBack
from policies.scopes import View
from tests.support.oauth_world import NOW, ORIGIN, REDIRECT, World
from tests.support.signed_messages import push, register, request_object, verified
from vault.clients.metadata import ClientMetadata
from vault.clients.signing_keys import SigningAlgorithm, SigningKeys
from vault.errors import KeyUnavailableError

CHOICE = Choice(evidence={"LC01": Chosen(view=View.VERIFY, fields=frozenset())})
DENIED = {"error": "access_denied", "error_description": "the holder declined"}


def decided(world: World, choice: Choice | None, **changes: Any) -> WayBack:  # noqa: ANN401 - any claim
    """Push a signed request, decide, and return the way back."""
    name = push(world, request_object(world, **changes)).json()["request_uri"]
    interaction_id = bytes.fromhex(world.lead(name).headers["location"].rpartition("/")[2])
    browser, signin = world.http.cookies["__Host-vault-browser"], world.signin()
    page = world.desk.open(interaction_id, signin=signin, browser=browser)
    return world.desk.decide(
        interaction_id,
        signin=signin,
        browser=browser,
        choice=choice,
        locale="en",
        shown_hash=page.shown_hash("en"),
    )


def response_in(location: str) -> str:
    """Return the signed answer in a redirect that carries nothing else of ours."""
    assert location.startswith(f"{REDIRECT}&response=")
    found = dict(parse_qsl(urlsplit(location).query))
    assert found.keys() == {"flow", "response"}
    return found["response"]


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_b17_a_code_comes_back_as_a_signed_answer(world: World, mode: str) -> None:
    register(world)

    way = decided(world, CHOICE, response_mode=mode, state="a b&c=1")

    claims = verified(world, response_in(way.location))
    code = claims.pop("code")
    assert world.given[0].signed_hash is not None
    assert world.given[0].code.code_hash == world.provider.secrets.hash(code)
    assert claims == {"iss": ORIGIN, "aud": "licensing", "exp": NOW + 60, "state": "a b&c=1"}
    assert way.response().status_code == 303


def test_b17_a_refusal_comes_back_as_a_signed_answer(world: World) -> None:
    register(world)

    way = decided(world, None, state=None)

    claims = verified(world, response_in(way.location))
    assert claims == {"iss": ORIGIN, "aud": "licensing", "exp": NOW + 60, **DENIED}


@pytest.mark.parametrize("state", ["st", None])
def test_b17_b41_an_error_before_any_page_is_signed_too(world: World, state: str | None) -> None:
    register(world)
    pushed = push(world, request_object(world, prompt="none", state=state))

    answer = world.lead(pushed.json()["request_uri"])

    claims = verified(world, response_in(answer.headers["location"]))
    assert answer.status_code == 303
    assert claims.pop("error_description") == "the holder is not signed in"
    told = {"iss": ORIGIN, "aud": "licensing", "exp": NOW + 60, "error": "login_required"}
    assert claims == told | ({} if state is None else {"state": state})


@pytest.mark.parametrize("alg", ["ES256", "PS256", "Ed25519", "EdDSA"])
def test_b17_an_answer_is_signed_as_the_client_registered(world: World, alg: str) -> None:
    if alg != "ES256":
        world.draw_keys(SigningAlgorithm.named(alg))
        world.provider.signer.refresh()
    register(world, metadata=ClientMetadata(id_token_alg=alg))

    way = decided(world, CHOICE)

    assert verified(world, response_in(way.location))["iss"] == ORIGIN


def test_b17_a_profile_that_need_not_may_ask_for_signed_answers(world: World) -> None:
    world.provider.signer.refresh()

    answer = world.lead(world.push(response_mode="jwt", prompt="none").json()["request_uri"])

    assert verified(world, response_in(answer.headers["location"]))["error"] == "login_required"


def test_b18_a_plain_answer_names_its_issuer_beside_the_code(world: World) -> None:
    answer = world.lead(world.push(response_mode="query", prompt="none").json()["request_uri"])

    found = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (found["iss"], found["error"]) == (ORIGIN, "login_required")


def test_b17_a_posted_answer_is_a_page_that_sends_itself_or_is_sent(world: World) -> None:
    register(world)

    way = decided(world, CHOICE, response_mode="form_post.jwt")

    page = way.response()
    text = bytes(page.body).decode()
    (value,) = re.findall(r'name="response" value="([^"]+)"', text)
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', text)
    policy = page.headers["content-security-policy"]
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert unescape(action) == REDIRECT
    assert verified(world, value)["aud"] == "licensing"
    assert "form-action https://client.example.org;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "返回" in text


def test_b17_an_error_is_posted_as_well(world: World) -> None:
    register(world)
    pushed = push(world, request_object(world, prompt="none", response_mode="form_post.jwt"))

    answer = world.lead(pushed.json()["request_uri"])

    (value,) = re.findall(r'name="response" value="([^"]+)"', answer.text)
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert verified(world, value)["error"] == "login_required"


def test_where_no_answer_can_be_signed_nothing_is_decided(world: World) -> None:
    register(world)
    world.keep_keys(SigningKeys(version=world.memory.rows.signing[1].version))
    world.provider.signer.refresh()

    with pytest.raises(KeyUnavailableError):
        decided(world, CHOICE)

    assert (world.given, world.memory.rows.codes) == ([], {})
    with pytest.raises(KeyUnavailableError):
        decided(world, None)
    assert world.denied == []


def test_a_value_is_never_markup_on_the_page_that_posts_it() -> None:
    way = WayBack(location='https://a.example.org/"><b>', fields={"response": '"><script>'})

    text = bytes(way.response().body).decode()

    assert text.count("<script>") == 1
    assert "<b>" not in text
