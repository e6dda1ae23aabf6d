from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.oauth_world import NOW, ORIGIN, REDIRECT, SPACE, World, client
from vault.clients import ClientStatus
from vault.clients.levels import AAL1
from vault.clients.protocol import InteractionState, SignIn, authenticated
from vault.errors import StorageError

COOKIE = "__Host-vault-browser"


def name_of(world: World, **changes: Any) -> str:  # noqa: ANN401 - any parameter
    """Return the request_uri of a new request."""
    return str(world.push(**changes).json()["request_uri"])


def queried(location: str) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def assert_local(answer: Any) -> None:  # noqa: ANN401 - an answer
    """Require the page that redirects nowhere and quotes nothing."""
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; frame-ancestors 'none'"
    )
    assert "location" not in answer.headers
    assert "无法继续" in answer.text


def test_b08_a_pushed_request_leads_to_a_page_of_this_browser(world: World) -> None:
    answer = world.lead(name_of(world))

    (row,) = world.memory.rows.interactions.values()
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/space/consent/{row.interaction_id.hex()}"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=vbr_")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=lax; Secure")
    assert (row.state, row.expires_at, row.signin_hash) == (InteractionState.OPEN, NOW + 480, None)


def test_b08_loading_the_page_again_finds_the_same_interaction(world: World) -> None:
    name = name_of(world)
    first = world.lead(name)
    world.clock.now += 91

    again = world.lead(name)

    assert again.headers["location"] == first.headers["location"]
    assert "set-cookie" not in again.headers
    assert len(world.memory.rows.interactions) == 1


def test_b08_another_browser_gets_an_interaction_of_its_own(world: World) -> None:
    name = name_of(world)
    first = world.lead(name)
    world.http.cookies.clear()

    other = world.lead(name)

    assert other.headers["location"] != first.headers["location"]


def test_one_browser_decides_several_requests(world: World) -> None:
    first, second = world.lead(name_of(world)), world.lead(name_of(world))

    assert first.headers["location"] != second.headers["location"]
    assert "set-cookie" not in second.headers


def test_b08_a_browser_cannot_choose_its_own_secret(world: World) -> None:
    world.http.cookies.set(COOKIE, "chosen-by-somebody")

    answer = world.lead(name_of(world))

    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=vbr_")


@pytest.mark.parametrize("wait", [90, 1000])
def test_b08_a_request_is_first_loaded_within_its_time(world: World, wait: int) -> None:
    name = name_of(world)
    world.clock.now += wait

    assert_local(world.lead(name))


def test_b08_a_reload_after_the_interaction_is_over_leads_nowhere(world: World) -> None:
    name = name_of(world)
    world.lead(name)
    world.clock.now += 480

    assert_local(world.lead(name))


def test_b08_a_decided_request_leads_nowhere(world: World) -> None:
    name = name_of(world)
    world.lead(name)
    for row in list(world.memory.rows.pushed.values()):
        world.memory.rows.pushed[row.request_hash] = replace(row, consumed_at=NOW)

    assert_local(world.lead(name))


def test_b08_the_request_of_another_client_leads_nowhere(world: World) -> None:
    assert_local(world.lead(name_of(world), client_id="other"))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"client_id": "licensing"},
        {"client_id": "licensing", "request_uri": ""},
        {"client_id": "licensing", "request_uri": "https://evil.example.org/r"},
        {"client_id": "licensing", "request_uri": "urn:ietf:params:oauth:request_uri:vpr_x"},
        {
            "client_id": "licensing",
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "code_challenge": "A" * 43,
            "code_challenge_method": "S256",
        },
        {"client_id": "<script>", "request_uri": "国", "redirect_uri": "https://evil.example.org"},
    ],
    ids=str,
)
def test_b06_without_a_pushed_request_nothing_is_redirected(
    world: World, params: dict[str, str]
) -> None:
    assert_local(world.http.get("/oauth/authorize", params=params))


def test_b06_extra_parameters_change_nothing(world: World) -> None:
    answer = world.lead(
        name_of(world),
        redirect_uri="https://evil.example.org",
        state="other",
        prompt="none",
        scope="openid",
    )

    assert answer.headers["location"].startswith("/space/consent/")


def test_authorize_takes_a_form_too(world: World) -> None:
    form = {"client_id": "licensing", "request_uri": name_of(world)}

    answer = world.http.post("/oauth/authorize", data=form)

    assert answer.headers["location"].startswith("/space/consent/")


def test_a_repeated_parameter_leads_nowhere(world: World) -> None:
    name = name_of(world)

    answer = world.http.get(
        f"/oauth/authorize?client_id=licensing&client_id=other&request_uri={name}"
    )

    assert_local(answer)


def test_a_busy_database_is_a_page_that_can_be_loaded_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name_of(world)

    def busy() -> None:
        raise StorageError("busy")

    monkeypatch.setattr(world.vault, "work", busy)
    answer = world.lead(name)

    assert (answer.status_code, "稍后" in answer.text) == (503, True)


def test_a_client_that_was_suspended_meanwhile_leads_nowhere(world: World) -> None:
    name = name_of(world)
    world.memory.add(client("licensing", status=ClientStatus.SUSPENDED))

    assert_local(world.lead(name))


def test_a_redirect_that_is_no_longer_registered_leads_nowhere(world: World) -> None:
    name = name_of(world)
    world.memory.add(client("licensing", redirect_uris=("https://client.example.org/new",)))

    assert_local(world.lead(name))


def test_b41_prompt_none_without_a_sign_in_is_answered_at_once(world: World) -> None:
    name = name_of(world, prompt="none", state="a b&c=1")

    answer = world.lead(name)

    location = answer.headers["location"]
    assert answer.status_code == 303
    assert location.startswith(f"{REDIRECT}&")
    assert queried(location) == {
        "flow": "1",
        "error": "login_required",
        "error_description": "the holder is not signed in",
        "state": "a b&c=1",
        "iss": ORIGIN,
    }


def test_b41_prompt_none_with_a_sign_in_still_needs_the_holder(world: World) -> None:
    secret = world.provider.secrets.mint("vsi_")
    world.memory.add(
        SignIn(
            signin_hash=world.provider.secrets.hash(secret),
            space=SPACE,
            csrf_hash=bytes(32),
            auth=authenticated(SPACE, acr=AAL1, at=NOW, signin_hash=b""),
            idle_expires_at=NOW + 600,
            expires_at=NOW + 600,
        )
    )
    world.http.cookies.set("__Host-vault-signin", secret)

    answer = world.lead(name_of(world, prompt="none"))

    assert queried(answer.headers["location"])["error"] == "consent_required"


def test_b41_a_request_that_was_answered_at_once_is_spent(world: World) -> None:
    name = name_of(world, prompt="none")
    world.lead(name)

    assert_local(world.lead(name))


def test_b18_a_state_that_was_not_sent_is_not_invented(world: World) -> None:
    answer = world.lead(name_of(world, prompt="none", state=None))

    assert "state" not in queried(answer.headers["location"])
    assert queried(answer.headers["location"])["iss"] == ORIGIN


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH"])
def test_authorize_takes_no_other_verb(world: World, verb: str) -> None:
    answer = world.http.request(verb, "/oauth/authorize")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
