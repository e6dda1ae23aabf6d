"""Requests as a client of signed messages makes them, and its answers as anybody verifies them."""

import json
from typing import Any

from httpx2 import Response as Answered
from jwskate import Jwk, SignedJwt

from tests.support.jws import Signer
from tests.support.oauth_world import KEYS, ORIGIN, World, client
from vault.clients import Profile

TYPE = "oauth-authz-req+jwt"


def register(world: World, **changes: Any) -> None:  # noqa: ANN401 - any field
    """Let the client sign its messages; the keys were read, as they are when a server starts."""
    world.provider.signer.refresh()
    world.memory.add(client("licensing", profile=Profile.FAPI2_MS, **changes))


def nonce(world: World) -> str:
    """Return the nonce that the server gives out now."""
    return world.provider.nonces.at(world.clock.now)


def fresh(world: World, path: str, **how: Any) -> str:  # noqa: ANN401 - as proof
    """Return a proof that carries the nonce."""
    return world.proof(path, nonce=nonce(world), **how)


def request_object(
    world: World,
    details: list[Any] | None = None,
    *,
    key: Signer | None = None,
    **changes: Any,  # noqa: ANN401 - any claim
) -> str:
    """Return a request object; ``None`` leaves a claim out."""
    plain = world.request(details, response_mode="jwt")
    plain["authorization_details"] = json.loads(plain["authorization_details"])
    times = {"nbf": world.clock.now, "exp": world.clock.now + 60}
    claims = plain | {"iss": "licensing", "aud": ORIGIN} | times | changes
    signer = key or KEYS["licensing"]
    header = {"alg": signer.alg, "kid": "k1", "typ": TYPE}
    told = {name: value for name, value in claims.items() if value is not None}
    return signer.sign(header, told)


def push(world: World, text: str | None = None, **beside: Any) -> Answered:  # noqa: ANN401 - any parameter
    """Push a request object, with whatever stands beside it; ``proof=`` replaces the proof."""
    proof = beside.pop("proof", fresh(world, "/oauth/par"))
    form = {"request": text or request_object(world), "client_id": "licensing"} | beside
    return world.post("/oauth/par", form, proof=proof)


def verified(world: World, text: str) -> dict[str, Any]:
    """Return the claims of a JWT of the server, verified by its published keys alone."""
    jwt = SignedJwt(text)
    keys = world.http.get("/.well-known/jwks.json").json()["keys"]
    (key,) = (Jwk(one) for one in keys if one["kid"] == jwt.headers["kid"])
    alg = "EdDSA" if jwt.alg == "Ed25519" else jwt.alg  # Two names of one algorithm (RFC 9864).
    assert jwt.verify_signature(key, alg=alg)
    return dict(jwt.claims)
