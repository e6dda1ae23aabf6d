import json
from typing import Any

import pytest

from tests.oauth.test_par import error
from tests.support.jws import rsa_signer
from tests.support.oauth_world import CASE, KEYS, NOW, REDIRECT, World, client, details
from tests.support.signed_messages import fresh, push, register, request_object
from vault.clients import Profile

HEAD = {"alg": "ES256", "kid": "k1"}


def kept(world: World) -> dict[str, Any]:
    """Return the only pushed request as it is kept."""
    (row,) = world.memory.rows.pushed.values()
    opened = world.provider.secrets.open(row.params, request_id=row.request_hash[:16])
    return dict(json.loads(opened))


@pytest.mark.parametrize("profile", [Profile.FAPI2, Profile.FAPI2_MS])
def test_b16_a_signed_request_is_pushed_and_kept_as_evidence(
    world: World, profile: Profile
) -> None:
    world.memory.add(client("licensing", profile=profile))
    text = request_object(world, max_age=300)

    answer = push(world, text)

    found = kept(world)
    assert (answer.status_code, sorted(answer.json())) == (201, ["expires_in", "request_uri"])
    assert found["request"] == text
    assert (found["state"], found["max_age"], found["response_mode"]) == ("st", "300", "jwt")
    assert json.loads(found["authorization_details"])[0]["case"] == CASE
    assert text.encode() not in next(iter(world.memory.rows.pushed.values())).params


def test_b16_the_request_is_read_from_inside_alone(world: World) -> None:
    register(world)

    answer = push(world, request_object(world, state=None), state="outside", scope="x", nonce="n")

    assert answer.status_code == 201
    assert not {"state", "scope", "nonce"} & kept(world).keys()


@pytest.mark.parametrize(
    "beside",
    [
        {"state": "other"},
        {"redirect_uri": f"{REDIRECT}x"},
        {"response_mode": "query"},
        {"authorization_details": "[]"},
    ],
    ids=str,
)
def test_b16_what_differs_beside_the_object_is_refused(
    world: World, beside: dict[str, str]
) -> None:
    register(world)

    assert error(push(world, **beside)) == (400, "invalid_request")


def test_b16_what_is_the_same_beside_the_object_does_no_harm(world: World) -> None:
    register(world)

    answer = push(world, state="st", redirect_uri=REDIRECT, response_type="code")

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": None}, "invalid_request_object"),
        ({"nbf": None}, "invalid_request_object"),
        ({"exp": NOW - 300}, "invalid_request_object"),
        ({"aud": "https://elsewhere.example.org"}, "invalid_request_object"),
        ({"iss": "other"}, "invalid_request_object"),
        ({"client_id": "other"}, "invalid_request_object"),
        ({"key": KEYS["other"]}, "invalid_request_object"),
        ({"key": rsa_signer()}, "invalid_request_object"),
        ({"state": 7}, "invalid_request_object"),
        ({"request_uri": "urn:x"}, "invalid_request_object"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://elsewhere.example.org/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment.jwt"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"state": "国"}, "invalid_request"),
        ({"max_age": -1}, "invalid_request"),
        ({"max_age": 10**12}, "invalid_request"),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
        ({"authorization_details": None}, "invalid_authorization_details"),
        ({"authorization_details": []}, "invalid_authorization_details"),
        ({"authorization_details": ["\udfff"]}, "invalid_request_object"),
        ({"authorization_details": [1e999]}, "invalid_request_object"),
        ({"authorization_details": [["x"] * 5000]}, "invalid_authorization_details"),
        ({"dpop_jkt": "x"}, "invalid_request"),
        ({"dpop_jkt": KEYS["proof2"].thumbprint}, "invalid_dpop_proof"),
    ],
)
def test_b16_d11_each_fault_inside_has_its_error_and_is_no_redirect(
    world: World, changes: dict[str, Any], expected: str
) -> None:
    register(world)
    signer = changes.pop("key", None)

    answer = push(world, request_object(world, key=signer, **changes))

    assert error(answer) == (400, expected)
    assert not world.memory.rows.pushed


def test_b16_a_client_of_signed_messages_never_asks_unsigned(world: World) -> None:
    register(world)

    answer = world.push(response_mode="jwt", proof=fresh(world, "/oauth/par"))

    assert error(answer) == (400, "invalid_request_object")


def test_b16_a_client_of_signed_messages_wants_signed_answers(world: World) -> None:
    register(world)

    plain = push(world, request_object(world, response_mode=None))
    query = push(world, request_object(world, response_mode="query"))

    assert error(plain) == error(query) == (400, "invalid_request")
    assert "answers signed" in query.json()["error_description"]


def test_b16_nobody_pushes_an_address_beside_an_object(world: World) -> None:
    register(world)

    answer = push(world, request_uri="urn:ietf:params:oauth:request_uri:vpr_x")

    assert error(answer) == (400, "invalid_request")


def test_b22_the_key_named_inside_binds_the_code(world: World) -> None:
    register(world)
    jkt = KEYS["proof2"].thumbprint

    answer = push(world, request_object(world, dpop_jkt=jkt), proof=None)

    (row,) = world.memory.rows.pushed.values()
    assert (answer.status_code, row.cnf.thumbprint) == (201, jkt)


def test_b36_level_four_leaves_by_signed_messages_alone(world: World) -> None:
    asked = [details(evidence=[{"code": "SR05"}])]
    unsigned = world.push(asked)
    signed_only = push(world, request_object(world, asked))
    register(world)

    granted = push(world, request_object(world, asked))

    assert error(unsigned) == error(signed_only) == (400, "invalid_authorization_details")
    assert "stronger profile" in unsigned.json()["error_description"]
    assert granted.status_code == 201


def test_b16_an_assertion_is_no_request_and_a_request_no_assertion(world: World) -> None:
    register(world)

    as_request = push(world, world.assertion(nbf=NOW))
    as_assertion = world.registry_token(assertion=request_object(world, jti="j"))

    assert error(as_request) == (400, "invalid_request_object")
    assert error(as_assertion) == (401, "invalid_client")
