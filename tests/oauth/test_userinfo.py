"""Who signed in, told once more to whoever holds the token and its key, and to nobody else."""

from typing import Any

import pytest
from httpx2 import Response as Answered

from tests.oauth.test_openid import AUTH, SID, redeemed, verified
from tests.support.oauth_world import KEYS, NOW, ORIGIN, World

PATH = "/oauth/userinfo"


def asked(world: World, token: str, *, method: str = "GET", **headers: str) -> Answered:
    proof = world.proof(PATH, method=method, token=token)
    sent = {"Authorization": f"DPoP {token}", "DPoP": proof} | headers
    return world.http.request(method, PATH, headers=sent)


def token_of(world: World, scope: str = "openid", **changes: Any) -> str:  # noqa: ANN401 - any column
    return str(redeemed(world, scope=scope, **changes)["access_token"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_b45_the_person_has_the_name_of_the_id_token_and_no_other(
    world: World, method: str
) -> None:
    answer = redeemed(world)

    told = asked(world, answer["access_token"], method=method)

    assert told.json() == {"sub": verified(world, answer["id_token"]).claims["sub"]}
    assert told.headers["cache-control"] == "no-store"
    assert "dpop-nonce" in told.headers


@pytest.mark.parametrize("accept", ["application/jwt", "text/html, Application/JWT;q=0.9"])
def test_b45_the_answer_is_signed_for_whoever_asks_for_that(world: World, accept: str) -> None:
    answer = redeemed(world)

    told = asked(world, answer["access_token"], Accept=accept)

    assert told.headers["content-type"] == "application/jwt"
    assert told.headers["cache-control"] == "no-store"
    assert "dpop-nonce" in told.headers
    jwt = verified(world, told.text)
    assert jwt.claims == {
        "iss": ORIGIN,
        "aud": "licensing",
        "iat": NOW,
        "sub": verified(world, answer["id_token"]).claims["sub"],
    }
    assert jwt.kid != verified(world, answer["id_token"]).kid


def test_b45_a_token_without_openid_says_nothing(world: World) -> None:
    code = world.code(auth=AUTH)
    told = asked(world, world.redeem(code).json()["access_token"])

    assert told.status_code == 403
    assert 'scope="openid"' in told.headers["www-authenticate"]


def test_b45_a_token_in_the_query_is_refused(world: World) -> None:
    token = token_of(world)

    told = world.http.get(PATH, params={"access_token": token})

    assert (told.status_code, 'error="invalid_request"' in told.headers["www-authenticate"]) == (
        401,
        True,
    )


def test_b45_a_token_in_the_body_is_none(world: World) -> None:
    assert world.http.post(PATH, data={"access_token": token_of(world)}).status_code == 401


def test_b25_b45_the_token_is_bound(world: World) -> None:
    token = token_of(world)
    other = world.proof(PATH, method="GET", token=token, key=KEYS["proof2"])

    bearer = world.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
    foreign = world.http.get(PATH, headers={"Authorization": f"DPoP {token}", "DPoP": other})
    bare = world.http.get(PATH, headers={"Authorization": f"DPoP {token}"})

    assert {bearer.status_code, foreign.status_code, bare.status_code} == {401}


def test_b23_a_proof_is_taken_once(world: World) -> None:
    token = token_of(world)
    proof = world.proof(PATH, method="GET", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}

    answers = [world.http.get(PATH, headers=headers).status_code for _ in range(2)]

    assert answers == [200, 401]


def test_b45_a_registry_token_is_of_nobody(world: World) -> None:
    token = world.registry_token().json()["access_token"]

    assert asked(world, token).status_code == 403


def test_b48_the_right_to_ask_ends_with_the_sign_in_and_evidence_stays(world: World) -> None:
    token = token_of(world)
    with world.memory.work() as tx:
        tx.protocol.end_told(SID, expires_at=NOW + 100, now=NOW)

    assert asked(world, token).status_code == 401
    assert world.use(token).status_code == 200


def test_b48_nobody_is_signed_in_for_longer_than_a_sign_in_can_last(world: World) -> None:
    first = redeemed(world, scope="openid offline_access")
    world.clock.now += 12 * 3600 - 31
    soon = world.refreshed(first["refresh_token"]).json()
    still = asked(world, soon["access_token"]).status_code
    world.clock.now += 1

    late = world.refreshed(first["refresh_token"]).json()

    assert (still, "id_token" in soon, "id_token" in late) == (200, True, False)
    assert asked(world, late["access_token"]).status_code == 401
    assert world.use(late["access_token"]).status_code == 200


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH"])
def test_nothing_is_changed_here(world: World, verb: str) -> None:
    answer = world.http.request(verb, PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
