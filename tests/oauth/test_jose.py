"""The independent verifier refuses what it must: shown on tokens that are made by hand."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.jws import Signer, b64, ec_signer, ed_signer, rsa_signer
from tests.support.peers import Jose, Peer, PeerError, Verified

ISSUER = "https://space.example.org"
AUDIENCE = "licensing"
KEYS = {"ES256": ec_signer(), "PS256": rsa_signer(), "EdDSA": ed_signer()}
JWKS = {"keys": [key.jwk | {"kid": alg, "alg": alg} for alg, key in KEYS.items()]}


def claims() -> dict[str, Any]:
    now = int(time.time())
    return {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "sub": "somebody"}


def token(alg: str = "ES256", *, key: Signer | None = None, **header: Any) -> str:  # noqa: ANN401 - any JSON
    told = {"alg": alg, "kid": alg, "typ": "logout+jwt"} | header
    return (key or KEYS[alg]).sign(told, claims() | {"of": "a test"})


def verified(jose: Jose, shown: str, **changes: Any) -> Verified:  # noqa: ANN401 - any expectation
    expected: dict[str, Any] = {
        "jwks": JWKS,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": ["ES256", "PS256", "EdDSA"],
        "typ": "logout+jwt",
        "required": ["exp", "of"],
    }
    return jose.verify(shown, **(expected | changes))


@pytest.mark.parametrize("alg", KEYS)
def test_it_verifies_what_is_as_expected(jose: Jose, alg: str) -> None:
    told = verified(jose, token(alg))

    assert told.header == {"alg": alg, "kid": alg, "typ": "logout+jwt"}
    assert told.claims.keys() == {*claims(), "of"}
    assert told.claims["sub"] == "somebody"


@pytest.mark.parametrize(
    ("changes", "code", "claim"),
    [
        ({"issuer": "https://other.example.org"}, "ERR_JWT_CLAIM_VALIDATION_FAILED", "iss"),
        ({"audience": "other"}, "ERR_JWT_CLAIM_VALIDATION_FAILED", "aud"),
        ({"typ": "JWT"}, "ERR_JWT_CLAIM_VALIDATION_FAILED", "typ"),
        ({"required": ["nonce"]}, "ERR_JWT_CLAIM_VALIDATION_FAILED", "nonce"),
        ({"algorithms": ["PS256"]}, "ERR_JOSE_ALG_NOT_ALLOWED", ""),
        ({"now": 4_000_000_000}, "ERR_JWT_EXPIRED", "exp"),
        ({"jwks": {"keys": []}}, "ERR_JWKS_NO_MATCHING_KEY", ""),
    ],
)
def test_it_refuses_what_is_not(
    jose: Jose, changes: dict[str, Any], code: str, claim: str
) -> None:
    with pytest.raises(PeerError) as refused:
        verified(jose, token(), **changes)

    assert (refused.value.code, refused.value.claim) == (code, claim)


def test_it_refuses_what_another_key_signed_and_what_none_did(jose: Jose) -> None:
    _, payload, _ = token().split(".")
    unsigned = b64(b'{"alg":"none","typ":"logout+jwt"}') + f".{payload}."

    with pytest.raises(PeerError) as forged:
        verified(jose, token(key=ec_signer()))
    with pytest.raises(PeerError) as bare:
        verified(jose, unsigned, algorithms=["none", "ES256"])

    assert forged.value.code == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
    assert bare.value.code == "ERR_JOSE_NOT_SUPPORTED"


def test_it_verifies_a_signature_over_anything(jose: Jose) -> None:
    signed = KEYS["ES256"].sign({"alg": "ES256", "kid": "ES256"}, None, raw=b"not a claim")

    assert jose.signed(signed, jwks=JWKS, algorithms=["ES256"]) == "not a claim"
    assert jose.header(signed) == {"alg": "ES256", "kid": "ES256"}
    with pytest.raises(PeerError):
        jose.signed(signed[:-4] + "AAAA", jwks=JWKS, algorithms=["ES256"])


def test_a_fault_of_a_script_is_not_taken_for_a_refusal(peer: Callable[[str], Peer]) -> None:
    with pytest.raises(AssertionError, match="a fault of nothing"):
        peer("jose").ask("nothing")
