"""What we sign for OpenID Connect, verified by the npm package ``jose`` as a client would."""

from typing import Any

import pytest

from api.oauth.logout_token import logout_call
from tests.oauth.test_openid import AUTH, SID
from tests.support.jws import b64
from tests.support.oauth_world import NOW, ORIGIN, World, client
from tests.support.peers import Jose, PeerError, Verified
from vault.clients.metadata import ClientMetadata
from vault.clients.signing_keys import SigningAlgorithm

each_alg = pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA", "Ed25519"])


def told(world: World, alg: str) -> dict[str, Any]:
    metadata = ClientMetadata(
        id_token_alg=alg, backchannel_logout_uri="https://client.example.org/logout"
    )
    world.memory.add(client("licensing", metadata=metadata))
    if alg != "ES256":
        world.draw_keys(SigningAlgorithm.named(alg))
    answer: dict[str, Any] = world.redeem(world.code(scope="openid", auth=AUTH)).json()
    return answer


def verified(world: World, jose: Jose, token: str, alg: str, **expected: Any) -> Verified:  # noqa: ANN401 - any expectation
    plain: dict[str, Any] = {
        "jwks": world.http.get("/.well-known/jwks.json").json(),
        "issuer": ORIGIN,
        "audience": "licensing",
        "algorithms": [alg],
        "now": NOW,
    }
    return jose.verify(token, **(plain | expected))


@each_alg
def test_b43_an_id_token_verifies_as_the_client_registered(
    world: World, jose: Jose, alg: str
) -> None:
    answer = told(world, alg)

    found = verified(world, jose, answer["id_token"], alg, required=["exp", "iat", "sub", "sid"])

    assert found.header["alg"] == alg
    assert found.claims["sid"] == b64(SID)
    with pytest.raises(PeerError) as late:
        verified(world, jose, answer["id_token"], alg, now=NOW + 301)
    assert late.value.claim == "exp"


@each_alg
def test_b45_signed_user_info_verifies(world: World, jose: Jose, alg: str) -> None:
    answer = told(world, alg)
    token = answer["access_token"]

    shown = world.http.get(
        "/oauth/userinfo",
        headers={
            "Authorization": f"DPoP {token}",
            "DPoP": world.proof("/oauth/userinfo", method="GET", token=token),
            "Accept": "application/jwt",
        },
    )

    signed = verified(world, jose, shown.text, alg)
    assert signed.claims["sub"] == verified(world, jose, answer["id_token"], alg).claims["sub"]


@each_alg
def test_b47_a_logout_token_verifies_and_is_no_id_token(
    world: World, jose: Jose, alg: str
) -> None:
    told(world, alg)

    call = logout_call(world.provider, {"client": "licensing", "sid": SID.hex(), "sub": "61" * 16})

    assert call is not None
    token = call.body.decode().removeprefix("logout_token=")
    found = verified(world, jose, token, alg, typ="logout+jwt", required=["jti", "events", "exp"])
    assert found.claims["sid"] == b64(SID)
    assert "nonce" not in found.claims
    with pytest.raises(PeerError):
        verified(world, jose, token, alg, typ="JWT")
