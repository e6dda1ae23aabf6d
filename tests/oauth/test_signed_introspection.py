from typing import Any

import pytest
from jwskate import SignedJwt

from tests.support.jws import ec_signer
from tests.support.oauth_world import KEYS, NOW, ORIGIN, World, client
from tests.support.signed_messages import fresh, nonce, register, verified
from vault.clients import Profile
from vault.clients.metadata import ClientMetadata
from vault.clients.signing_keys import SigningAlgorithm

SIGNED = "application/token-introspection+jwt"
INACTIVE = {"active": False}


def introspected(world: World, token: str, *, accept: str = SIGNED, who: str = "checker") -> Any:  # noqa: ANN401 - an answer
    """Ask about a token, for an answer in a form."""
    return world.post(
        "/oauth/introspect", {"token": token}, client=who, proof=None, headers={"Accept": accept}
    )


def told(world: World, token: str) -> Any:  # noqa: ANN401 - JSON
    """Return the signed answer about a token, verified."""
    return verified(world, introspected(world, token).text)["token_introspection"]


def token_of(world: World) -> str:
    """Return a token of a client of signed messages."""
    register(world)
    answer = world.redeem(world.code(), proof=fresh(world, "/oauth/token"))
    return str(answer.json()["access_token"])


@pytest.mark.parametrize(
    "accept",
    [
        SIGNED,
        "Application/Token-Introspection+JWT",
        f"application/json;q=0.5, {SIGNED};q=1",
    ],
)
def test_b35_a_resource_server_gets_a_signed_answer(world: World, accept: str) -> None:
    token = str(world.registry_token().json()["access_token"])
    plain = world.introspect(token)

    answer = introspected(world, token, accept=accept)

    claims = verified(world, answer.text)
    assert (answer.status_code, answer.headers["content-type"]) == (200, SIGNED)
    assert answer.headers["cache-control"] == "no-store"
    assert claims == {
        "iss": ORIGIN,
        "aud": "checker",
        "iat": NOW,
        "token_introspection": plain,
    }
    assert plain["active"]


def test_b35_the_header_says_what_it_is(world: World) -> None:
    text = introspected(world, token_of(world)).text

    header = header_of(text)

    assert (header["typ"], header["alg"]) == ("token-introspection+jwt", "ES256")


def header_of(text: str) -> dict[str, Any]:
    """Return the header of a JWT."""
    return dict(SignedJwt(text).headers)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/jwt"])
def test_b35_a_token_of_signed_messages_is_live_in_signed_form_alone(
    world: World, accept: str
) -> None:
    token = token_of(world)

    plain = introspected(world, token, accept=accept)

    assert (plain.status_code, plain.json()) == (200, INACTIVE)
    assert told(world, token)["active"] is True


@pytest.mark.parametrize("token", ["garbage", "vat_x"])
def test_b34_b35_what_is_not_live_has_one_shape_in_signed_form_too(
    world: World, token: str
) -> None:
    assert told(world, token) == INACTIVE


def test_b35_a_department_may_not_introspect_in_either_form(world: World) -> None:
    answer = introspected(world, "vat_x", who="other")

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_b35_the_answer_is_signed_as_the_resource_server_registered(world: World) -> None:
    world.draw_keys(SigningAlgorithm.PS256)
    world.provider.signer.refresh()
    world.memory.add(
        client(
            "checker",
            profile=Profile.RS,
            grant_types=frozenset(),
            metadata=ClientMetadata(id_token_alg="PS256"),  # noqa: S106 - no secret
        )
    )

    text = introspected(world, "vat_x").text

    assert header_of(text)["alg"] == "PS256"
    assert verified(world, text)["token_introspection"] == INACTIVE


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/par"])
def test_b24_signed_messages_need_a_nonce_at_the_server(world: World, path: str) -> None:
    register(world)
    form = {"grant_type": "client_credentials", "scope": "records:write", "request": "x"}

    without = world.post(path, form)
    old = world.post(path, form, proof=world.proof(path, nonce="old"))
    given = world.post(path, form, proof=fresh(world, path))

    for answer in (without, old):
        assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
        assert answer.headers["dpop-nonce"] == nonce(world)
    assert given.json().get("error") in {None, "invalid_request_object"}


def test_b24_signed_messages_need_a_nonce_at_resources(world: World) -> None:
    token = token_of(world)
    path = "/v1/probe"

    without = world.use(token)
    proof = world.proof(path, method="GET", token=token, nonce=without.headers["dpop-nonce"])
    given = world.use(token, proof=proof)

    assert without.status_code == 401
    assert 'error="use_dpop_nonce"' in without.headers["www-authenticate"]
    assert given.status_code == 200


def test_b24_other_profiles_need_none(world: World) -> None:
    assert world.registry_token().status_code == 200


def test_b24_a_key_that_is_not_the_token_s_is_refused_before_the_nonce(world: World) -> None:
    token = token_of(world)
    proof = world.proof("/v1/probe", method="GET", token=token, key=ec_signer())

    answer = world.use(token, proof=proof)

    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert KEYS["proof"].thumbprint not in answer.text
