"""Authenticated forms for the authorization server as bytes, made before they are sent."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from api.oauth.client_auth import ASSERTION_TYPE
from scripts.bench.proofs import ProofKey, as_json
from vault.base64url import to_base64url

ASSERTION_SECONDS: Final = 300
_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A client that proves itself (RFC 7523), and its key (RFC 9449) where that is asked for.

    Attributes:
        kid: Name of its registered key.
        proof_key: ``None`` where nothing is bound.
    """

    issuer: str
    client_id: str
    kid: str
    key: ProofKey = field(repr=False)
    proof_key: ProofKey | None = field(repr=False)

    def forms(self, path: str, values: Iterable[Mapping[str, str]], *, now: int) -> list[bytes]:
        """Return a request to ``path`` for each of ``values``, with ids that were never shown."""
        key = self.key.private
        proof_key = None if self.proof_key is None else self.proof_key.private
        host = urlsplit(self.issuer).netloc
        made = []
        for form in values:
            proof = "" if proof_key is None else f"DPoP: {self._proof(proof_key, path, now)}\r\n"
            body = urlencode(
                {
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": self._assertion(key, now),
                    **form,
                }
            )
            made.append(
                (
                    f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{proof}"
                    "Content-Type: application/x-www-form-urlencoded\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
            )
        return made

    def _assertion(self, key: EllipticCurvePrivateKey, now: int) -> str:
        claims = {
            "aud": self.issuer,
            "exp": now + ASSERTION_SECONDS,
            "iat": now,
            "iss": self.client_id,
            "jti": os.urandom(16).hex(),
            "sub": self.client_id,
        }
        return _signed(key, {"alg": "ES256", "kid": self.kid}, claims)

    def _proof(self, key: EllipticCurvePrivateKey, path: str, now: int) -> str:
        if self.proof_key is None:
            raise TypeError("nothing is proven without a key")
        claims = {
            "htm": "POST",
            "htu": self.issuer + path,
            "iat": now,
            "jti": os.urandom(16).hex(),
        }
        header = {"alg": "ES256", "jwk": self.proof_key.jwk, "typ": "dpop+jwt"}
        return _signed(key, header, claims)


def _signed(
    key: EllipticCurvePrivateKey, header: Mapping[str, object], claims: Mapping[str, object]
) -> str:
    body = f"{to_base64url(as_json(header))}.{to_base64url(as_json(claims))}"
    r, s = decode_dss_signature(key.sign(body.encode(), ECDSA(SHA256())))
    return f"{body}.{to_base64url(r.to_bytes(_BYTES) + s.to_bytes(_BYTES))}"
