"""Requests as bytes, each with a DPoP proof of its own (RFC 9449), made before they are sent."""

import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from vault.base64url import to_base64url

_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ProofKey:
    """A P-256 key that proofs are made with; it crosses to the load's process as bytes."""

    der: bytes = field(repr=False)

    @classmethod
    def draw(cls) -> Self:
        """Return a new key."""
        drawn = generate_private_key(SECP256R1())
        return cls(drawn.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def private(self) -> EllipticCurvePrivateKey:
        """The key itself."""
        loaded = load_der_private_key(self.der, password=None)
        if not isinstance(loaded, EllipticCurvePrivateKey):
            raise TypeError("a proof is signed with a key on a curve")
        return loaded

    @property
    def jwk(self) -> dict[str, str]:
        """The public part (RFC 7517), as the proof's header has it."""
        numbers = self.private.public_key().public_numbers()
        x, y = (to_base64url(n.to_bytes(_BYTES)) for n in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """Its thumbprint (RFC 7638)."""
        return to_base64url(sha256(as_json(self.jwk)).digest())


def plain_requests(target: str, *, host: str, count: int) -> list[bytes]:
    """Return ``count`` equal requests without anything to prove."""
    return [f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()] * count


def proven_requests(
    target: str, *, issuer: str, token: str, key: ProofKey, count: int, now: int
) -> list[bytes]:
    """Return ``count`` requests with ``token``, each with a proof that was never shown.

    Args:
        target: Path and query.
        issuer: Origin that the server goes by.
        token: The access token.
        key: The key that it is bound to.
        count: How many.
        now: UTC seconds; proofs are good for a minute.
    """
    path, private = target.partition("?")[0], key.private
    header = to_base64url(as_json({"alg": "ES256", "jwk": key.jwk, "typ": "dpop+jwt"}))
    claims = {
        "ath": to_base64url(sha256(token.encode()).digest()),
        "htm": "GET",
        "htu": issuer + path,
        "iat": now,
    }
    head = (
        f"GET {target} HTTP/1.1\r\nHost: {urlsplit(issuer).netloc}\r\n"
        f"Authorization: DPoP {token}\r\nDPoP: "
    )

    def proof() -> str:
        body = f"{header}.{to_base64url(as_json(claims | {'jti': os.urandom(16).hex()}))}"
        r, s = decode_dss_signature(private.sign(body.encode(), ECDSA(SHA256())))
        return f"{body}.{to_base64url(r.to_bytes(_BYTES) + s.to_bytes(_BYTES))}"

    return [f"{head}{proof()}\r\n\r\n".encode() for _ in range(count)]


def as_json(plain: object) -> bytes:
    """Return canonical enough JSON for a JWT."""
    return json.dumps(plain, separators=(",", ":"), sort_keys=True).encode()
