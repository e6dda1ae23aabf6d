"""Our own JWTs verify with what is published, whoever verifies, whatever is rotated meanwhile."""

import json
from typing import Any

import pytest
from jwskate import Jwk, Jwt, SignedJwt

from tests.support.oauth_world import NOW, ORIGIN, World
from vault.clients.keys import PRIVATE_MEMBERS
from vault.clients.signing_keys import (
    DAY,
    HINTS,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.errors import InvalidInputError, KeyUnavailableError
from vault.services.signing_keys import draw

ID_TOKEN = Slot(SigningPurpose.ID_TOKEN, SigningAlgorithm.ES256)
ALGORITHMS = {
    "ES256": SigningAlgorithm.ES256,
    "PS256": SigningAlgorithm.PS256,
    "EdDSA": SigningAlgorithm.ED25519,
}


def published(world: World) -> dict[str, dict[str, Any]]:
    found = world.http.get("/.well-known/jwks.json").json()["keys"]
    return {key["kid"]: key for key in found}


def verified(token: str, keys: dict[str, dict[str, Any]]) -> SignedJwt:
    """Verify with a library that is not the one that signed."""
    jwt = Jwt(token)
    assert isinstance(jwt, SignedJwt)
    assert jwt.verify_signature(Jwk(keys[jwt.kid]), alg=jwt.alg)
    return jwt


def rotated(world: World, *, early: bool = True) -> SigningKeys:
    keys = world.memory.rows.signing[1]
    drawn = draw(world.vault, ID_TOKEN)
    return keys.introduce(drawn, now=world.clock.now, early=early)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_b44_what_is_signed_verifies_with_the_published_key(world: World, alg: str) -> None:
    if alg != "ES256":
        world.draw_keys(ALGORITHMS[alg])
    claims = {"aud": "licensing", "iss": "https://evil.example.org", "name": "张伟"}

    token = world.provider.signer.sign(
        purpose=SigningPurpose.JARM, alg=alg, typ="some+jwt", claims=claims
    )

    jwt = verified(token, published(world))
    assert jwt.headers == {"alg": alg, "kid": jwt.kid, "typ": "some+jwt"}
    assert jwt.claims == {"aud": "licensing", "iss": ORIGIN, "name": "张伟"}


def test_a_jwt_needs_no_type(world: World) -> None:
    token = world.provider.signer.sign(purpose=SigningPurpose.JARM, alg="ES256", typ="", claims={})

    assert set(Jwt(token).headers) == {"alg", "kid"}


def test_b44_no_private_member_is_ever_published_and_names_are_thumbprints(world: World) -> None:
    for algorithm in (SigningAlgorithm.PS256, SigningAlgorithm.ED25519):
        world.draw_keys(algorithm)

    keys = published(world)

    assert len(keys) == 16
    for kid, key in keys.items():
        assert not set(key) & PRIVATE_MEMBERS
        assert kid == Jwk(key).thumbprint()
        assert key["use"] == ("enc" if key.get("alg") == HINTS.algorithm else "sig")
    assert sorted(key.get("alg", key["kty"]) for key in keys.values()) == sorted(
        [*["ES256", "PS256", "OKP"] * 5, "ECDH-ES+A256KW"]
    )


def test_no_two_purposes_share_a_key(world: World) -> None:
    tokens = [
        world.provider.signer.sign(purpose=purpose, alg="ES256", claims={})
        for purpose in SigningPurpose
    ]

    assert len({Jwt(token).headers["kid"] for token in tokens}) == len(SigningPurpose)


def test_b44_keys_rotate_under_traffic_and_no_verification_fails(world: World) -> None:
    """A client keeps the set for the 15 minutes that it may, and misses nothing."""
    kept, kept_at, signed_by = published(world), world.clock.now, list[str]()
    for step in range(240):
        if step == 30:
            world.keep_keys(rotated(world))
        world.clock.now += 900
        token = world.provider.signer.sign(
            purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={"n": step}
        )
        if world.clock.now - kept_at > 900:
            kept, kept_at = published(world), world.clock.now
        signed_by.append(verified(token, kept).kid)

    before, after = signed_by[0], signed_by[-1]
    assert before != after
    assert signed_by == sorted(signed_by, key=[before, after].index)


def test_b44_a_process_that_has_not_heard_of_a_rotation_is_verified_too(world: World) -> None:
    token = world.provider.signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={})
    world.keep_keys(rotated(world))
    world.clock.now += DAY

    late = world.provider.signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={})

    keys = published(world)  # Reads anew.
    fresh = world.provider.signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={})
    kids = [verified(one, keys).kid for one in (token, late, fresh)]
    assert kids[0] == kids[1] != kids[2]


def test_a_withdrawn_key_is_published_no_more_within_half_a_minute(world: World) -> None:
    before = world.provider.signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={})
    kid = str(Jwt(before).headers["kid"])
    keys = world.memory.rows.signing[1]
    world.keep_keys(
        keys.withdraw(kid, now=NOW, drawn=draw(world.vault, ID_TOKEN)).destroy(now=NOW)
    )
    world.clock.now += 30

    assert kid not in published(world)

    after = world.provider.signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={})
    assert verified(after, published(world)).kid != kid
    archived = world.provider.signer.proving(kid)
    assert archived is not None
    assert archived.wrapped is None


def test_there_is_no_signature_without_a_key_and_none_with_a_weak_algorithm(world: World) -> None:
    signer = world.provider.signer

    with pytest.raises(KeyUnavailableError):
        signer.sign(purpose=SigningPurpose.JARM, alg="PS256", claims={})
    for alg in ("none", "HS256", "RS256"):
        with pytest.raises(InvalidInputError):
            signer.sign(purpose=SigningPurpose.JARM, alg=alg, claims={})


def test_keys_and_signer_show_nothing_private(world: World) -> None:
    keys = world.memory.rows.signing[1]

    shown = repr((keys, world.provider, world.provider.signer.refresh()))

    assert "wrap=" not in shown
    assert json.dumps(str(keys.keys[0].wrapped.wrap if keys.keys[0].wrapped else "")) not in shown
    assert "PrivateKey" not in shown
