"""ID tokens: who signed in, when and how, for one client; and nothing that was not proven."""

import json
from dataclasses import replace
from hashlib import sha256, sha512
from typing import Any

import pytest
from jwskate import Jwk, Jwt, SignedJwt

from tests.support.jws import b64
from tests.support.oauth_world import (
    DEPARTMENT,
    NOW,
    ORIGIN,
    OTHER_DEPARTMENT,
    SPACE,
    World,
    client,
)
from vault.clients.metadata import ClientMetadata
from vault.clients.protocol import Authentication
from vault.clients.signing_keys import SigningAlgorithm
from vault.ids import ClientId

SID = b"\x51" * 16
AUTH = Authentication(
    person=SPACE, acr="urn:myspace:acr:aal1", amr=("otp",), auth_time=NOW - 30, sid=SID
)
NONCE = "n-0S6_WzA2Mj ~" * 27


def verified(world: World, token: str) -> SignedJwt:
    """Verify with a library that is not the one that signed."""
    keys = world.http.get("/.well-known/jwks.json").json()["keys"]
    jwt = Jwt(token)
    assert isinstance(jwt, SignedJwt)
    [key] = [key for key in keys if key["kid"] == jwt.kid]
    assert jwt.verify_signature(Jwk(key), alg=jwt.alg)
    return jwt


def redeemed(world: World, scope: str = "openid", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    code = world.code(scope=scope, auth=AUTH, **changes)
    answer: dict[str, Any] = world.redeem(code).json()
    return answer


def claims(world: World, answer: dict[str, Any]) -> dict[str, Any]:
    return dict(verified(world, answer["id_token"]).claims)


def test_b43_an_id_token_says_who_signed_in_when_and_how(world: World) -> None:
    answer = redeemed(world, nonce=NONCE)

    found = claims(world, answer)
    sub = found.pop("sub")
    assert found == {
        "iss": ORIGIN,
        "aud": "licensing",
        "iat": NOW,
        "exp": NOW + 300,
        "auth_time": NOW - 30,
        "acr": "urn:myspace:acr:aal1",
        "amr": ["otp"],
        "nonce": NONCE,
        "sid": b64(SID),
        "at_hash": b64(sha256(answer["access_token"].encode()).digest()[:16]),
    }
    assert sub == b64(world.memory.rows.subjects[SPACE, DEPARTMENT])
    assert set(answer["scope"].split()) >= {"openid"}
    assert Jwt(answer["id_token"]).headers["typ"] == "JWT"


@pytest.mark.parametrize(
    ("alg", "drawn"),
    [
        ("PS256", SigningAlgorithm.PS256),
        ("EdDSA", SigningAlgorithm.ED25519),
        ("Ed25519", SigningAlgorithm.ED25519),
    ],
)
def test_b43_an_id_token_is_signed_as_the_client_registered(
    world: World, alg: str, drawn: SigningAlgorithm
) -> None:
    world.memory.add(client("licensing", metadata=ClientMetadata(id_token_alg=alg)))
    world.draw_keys(drawn)

    answer = redeemed(world)

    assert Jwt(answer["id_token"]).headers["alg"] == alg
    hashed = sha256 if alg == "PS256" else sha512
    digest = hashed(answer["access_token"].encode()).digest()
    half = b64(digest[: len(digest) // 2])
    if alg != "Ed25519":  # The independent library knows the older name only.
        assert claims(world, answer)["at_hash"] == half


def test_without_openid_nobody_is_told_who_signed_in(world: World) -> None:
    answer = redeemed(world, scope="")

    assert "id_token" not in answer
    assert "openid" not in answer["scope"]
    assert not world.memory.rows.subjects
    assert not world.memory.rows.told


def test_what_was_not_asked_or_is_not_known_is_not_invented(world: World) -> None:
    code = world.code(scope="openid", auth=replace(AUTH, amr=(), sid=b""))

    found = claims(world, world.redeem(code).json())

    assert {"nonce", "amr", "sid"} & set(found) == set()
    assert not world.memory.rows.told


def test_b43_a_department_knows_a_person_by_one_name_and_no_two_share_one(world: World) -> None:
    found = []
    for name, department_id in (
        ("licensing", DEPARTMENT),
        ("other", DEPARTMENT),
        ("other", OTHER_DEPARTMENT),
    ):
        world.memory.add(client(name, department_id=department_id))
        code = world.code(scope="openid", auth=AUTH, client_id=ClientId(name))
        found.append(claims(world, world.redeem(code, client=name).json())["sub"])

    first, same, different = found
    assert first == same != different
    assert all(len(sub) == 22 for sub in found)


def test_b42_refresh_changes_neither_when_nor_how_and_has_no_nonce(world: World) -> None:
    first = redeemed(world, scope="openid offline_access", nonce=NONCE)
    world.clock.now += 3600

    again = world.refreshed(first["refresh_token"]).json()

    before, after = claims(world, first), claims(world, again)
    unchanged = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert "nonce" not in after
    assert (after["iat"], after["exp"]) == (NOW + 3600, NOW + 3900)
    assert after["at_hash"] != before["at_hash"]


def test_d13_an_old_sign_in_is_not_made_young_by_redeeming(world: World) -> None:
    old = replace(AUTH, auth_time=NOW - 250)
    code = world.code(scope="openid", auth=old)
    world.clock.now += 20

    assert claims(world, world.redeem(code).json())["auth_time"] == NOW - 250


def test_a_token_request_that_leaves_openid_out_is_told_nothing(world: World) -> None:
    code = world.code(scope="openid", auth=AUTH)

    answer = world.redeem(code, scope="ev:identity:resident_id_card:verify").json()

    assert "id_token" not in answer
    assert answer["scope"] == "ev:identity:resident_id_card:verify"


def test_openid_cannot_be_added_at_the_token_endpoint(world: World) -> None:
    answer = world.redeem(world.code(scope="", auth=AUTH), scope="openid")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_code_of_a_sign_in_that_has_ended_says_nothing_of_it(world: World) -> None:
    code = world.code(scope="openid", auth=AUTH)
    with world.memory.work() as tx:
        tx.protocol.end_told(SID, expires_at=NOW + 100, now=NOW)

    answer = world.redeem(code)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert not world.memory.rows.tokens


def test_a_refresh_after_the_end_of_the_sign_in_goes_on_without_an_id_token(world: World) -> None:
    first = redeemed(world, scope="openid offline_access")
    with world.memory.work() as tx:
        tx.protocol.end_told(SID, expires_at=NOW + 100, now=NOW)

    again = world.refreshed(first["refresh_token"])

    assert again.status_code == 200
    assert "id_token" not in again.json()


def test_the_request_asks_and_the_page_tells_of_it(world: World) -> None:
    told, silent = world.push(scope="openid"), world.push()

    assert (told.status_code, silent.status_code) == (201, 201)
    for pushed, asked in ((told, True), (silent, False)):
        found = world.lead(pushed.json()["request_uri"]).headers["location"]
        page = world.desk.open(
            bytes.fromhex(found.rpartition("/")[2]),
            signin=world.signin(),
            browser=world.http.cookies["__Host-vault-browser"],
        )
        assert (page.identity is not None) is asked


@pytest.mark.parametrize("scope", ["email", "openid address", "openid phone", "openid groups"])
def test_b12_other_scopes_of_openid_are_refused(world: World, scope: str) -> None:
    assert world.push(scope=scope).json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "asked",
    [
        {"id_token": {"auth_time": {"essential": True}, "acr": None}},
        {"userinfo": {"name": None, "given_name": {"essential": True}}},
        {"id_token": {"acr": {"essential": True, "values": ["x", "urn:myspace:acr:aal1"]}}},
        {"id_token": {"acr": {"essential": True, "value": "urn:myspace:acr:aal1"}}},
        {"id_token": {"acr": {"values": ["x"]}}},
        {"id_token": {"acr": {"essential": True}}},
        {"something": 1},
        {},
    ],
    ids=json.dumps,
)
def test_claims_that_can_be_said_or_left_out_are_taken(world: World, asked: object) -> None:
    assert world.push(scope="openid", claims=json.dumps(asked)).status_code == 201


@pytest.mark.parametrize(
    "asked",
    [
        "[]",
        "no json",
        '{"id_token": 1}',
        '{"id_token": {"acr": "x"}}',
        '{"userinfo": {"name": 1}}',
        '{"id_token": {"acr": {"essential": true, "values": "x"}}}',
        '{"id_token": {"acr": {"essential": true, "values": [1]}}}',
        '{"a": 1, "a": 2}',
        '{"a": "' + "x" * 4096 + '"}',
    ],
    ids=lambda text: text[:40],
)
def test_claims_that_are_no_such_object_are_refused(world: World, asked: str) -> None:
    answer = world.push(scope="openid", claims=asked)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_b40_an_essential_level_that_cannot_be_reached_is_refused(world: World) -> None:
    asked = {"id_token": {"acr": {"essential": True, "values": ["urn:myspace:acr:aal9"]}}}

    answer = world.push(scope="openid", claims=json.dumps(asked))

    assert answer.json()["error"] == "unmet_authentication_requirements"
