"""No input is answered with a 5xx, and every refusal is one of the catalogue (b57)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.oauth.errors import Say
from api.oauth.pushed import ACCEPTED, REFUSED
from tests.support.oauth_world import World, details
from vault.errors import KeyUnavailableError, RateLimitedError, StorageError

CATALOGUE = {(say.error, say.text) for say in Say}
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(['"', "国", "\x00", "x" * 5000, "[]", "{}", "-1", "1e999", "null", "\ud800"]),
)
PARAMETERS = st.sampled_from(
    sorted(
        ACCEPTED
        | REFUSED
        | {
            "assertion",
            "client_assertion",
            "client_assertion_type",
            "client_secret",
            "code",
            "code_verifier",
            "dpop_jkt",
            "grant_type",
            "request",
            "request_uri",
            "resource",
            "token",
            "token_type_hint",
        }
    )
)
ENDPOINTS = ("/oauth/par", "/oauth/token", "/oauth/introspect", "/oauth/revoke")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_told(answer: Any) -> None:  # noqa: ANN401 - an answer
    """Require an answer that is no bug, and a refusal that is in the catalogue."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        body = answer.json()
        assert (body["error"], body["error_description"]) in CATALOGUE
        assert body.keys() == {"error", "error_description"}


def clean(form: dict[str, str]) -> dict[str, str]:
    """Return the form without what cannot be sent at all."""
    return {k: v.encode("utf-8", "replace").decode() for k, v in form.items()}


@QUICK
@given(st.sampled_from(ENDPOINTS), st.dictionaries(PARAMETERS, TEXTS, max_size=8))
def test_b57_any_form_of_an_unknown_caller_is_refused(
    world: World, path: str, form: dict[str, str]
) -> None:
    answer = world.http.post(path, data=clean(form))

    assert_told(answer)
    assert answer.status_code >= 400


@QUICK
@given(st.sampled_from(ENDPOINTS), st.binary(max_size=300))
def test_b57_any_bytes_are_refused(world: World, path: str, body: bytes) -> None:
    answer = world.http.post(
        path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert_told(answer)


@QUICK
@given(
    st.sampled_from(ENDPOINTS),
    st.dictionaries(PARAMETERS, TEXTS, max_size=8),
    st.sampled_from(["licensing", "checker"]),
)
def test_b57_any_form_of_a_proven_client_is_answered(
    world: World, path: str, form: dict[str, str], name: str
) -> None:
    taken = ("client_assertion", "client_assertion_type")
    sent = {k: v for k, v in clean(form).items() if k not in taken}

    assert_told(world.post(path, sent, client=name))


@QUICK
@given(st.dictionaries(PARAMETERS, TEXTS, max_size=4))
def test_b57_any_change_of_a_good_request_is_answered(
    world: World, changes: dict[str, str]
) -> None:
    taken = ("client_assertion", "client_assertion_type")
    sent: dict[str, Any] = {k: v for k, v in clean(changes).items() if k not in taken}

    assert_told(world.push(**sent))


@QUICK
@given(st.sampled_from(sorted(details())), JSON)
def test_b57_any_member_of_the_details_is_answered(
    world: World,
    name: str,
    value: Any,  # noqa: ANN401 - any JSON
) -> None:
    text = json.dumps([details() | {name: value}])

    assert_told(world.push(text))


@QUICK
@given(JSON)
def test_b57_any_details_are_answered(world: World, value: Any) -> None:  # noqa: ANN401 - any JSON
    assert_told(world.push(json.dumps(value)))


@QUICK
@given(st.sampled_from(["header", "claims"]), TEXTS, JSON)
def test_b57_any_assertion_or_proof_is_answered(
    world: World,
    part: str,
    name: str,
    value: Any,  # noqa: ANN401 - any JSON
) -> None:
    changes: dict[str, Any] = {"header": {name: value}} if part == "header" else {"x": value}

    assert_told(world.registry_token(assertion=world.assertion(**changes)))
    assert_told(world.registry_token(proof=world.proof("/oauth/token", **changes)))


@QUICK
@given(st.dictionaries(st.sampled_from(["client_id", "request_uri", "x"]), TEXTS))
def test_b57_any_authorize_request_gets_a_page(world: World, query: dict[str, str]) -> None:
    answer = world.http.get("/oauth/authorize", params=clean(query))

    assert (answer.status_code, "无法继续" in answer.text) == (400, True)


@QUICK
@given(TEXTS, TEXTS)
def test_b57_any_token_and_proof_are_challenged(world: World, token: str, proof: str) -> None:
    headers = [
        (b"Authorization", b"DPoP " + token.encode("utf-8", "replace").replace(b"\n", b"")),
        (b"DPoP", proof.encode("utf-8", "replace").replace(b"\n", b"")),
    ]

    answer = world.http.get("/v1/probe", headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageError("the database is away"), 503),
        (KeyUnavailableError("the key is away"), 503),
        (RateLimitedError("too often", retry_after_seconds=7), 429),
    ],
)
@pytest.mark.parametrize("part", ["vault.read", "memory.work"])
def test_b61_what_is_away_is_a_503_that_says_when_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception, status: int
) -> None:
    def away() -> None:
        raise error

    owner, _, name = part.partition(".")
    monkeypatch.setattr(getattr(world, owner), name, away)
    answer = world.registry_token()

    assert (answer.status_code, answer.json()["error"]) == (status, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_d01_every_sentence_of_the_catalogue_may_stand_in_an_answer() -> None:
    allowed = set(range(0x20, 0x7F)) - {ord('"'), ord("\\")}

    found = {say.name for say in Say if not set(say.text.encode()) <= allowed}

    assert found == set()


def test_the_kernel_logs_no_tokens(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        token = world.redeem(world.code()).json()["access_token"]

    assert token not in caplog.text
