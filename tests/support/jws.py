"""Keys, assertions and proofs as a client makes them: by hand, so that they can be wrong."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def b64(raw: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _int(number: int) -> str:
    return b64(number.to_bytes((number.bit_length() + 7) // 8 or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with its public JWK.

    Attributes:
        alg: What it signs with unless told otherwise.
    """

    private: Any
    jwk: dict[str, str]
    alg: str

    @property
    def thumbprint(self) -> str:
        """Return the thumbprint of RFC 7638."""
        names = {
            "EC": ("crv", "kty", "x", "y"),
            "OKP": ("crv", "kty", "x"),
            "RSA": ("e", "kty", "n"),
        }
        plain = {name: self.jwk[name] for name in names[self.jwk["kty"]]}
        return b64(sha256(json.dumps(plain, separators=(",", ":")).encode()).digest())

    def sign(self, header: dict[str, Any], claims: Any, *, raw: bytes | None = None) -> str:  # noqa: ANN401 - any JSON
        """Return a compact JWS over whatever is given; ``raw`` replaces the payload's bytes."""
        payload = json.dumps(claims).encode() if raw is None else raw
        signed = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
        return f"{signed}.{b64(self._signature(header.get('alg'), signed.encode()))}"

    def _signature(self, alg: object, signed: bytes) -> bytes:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32) + s.to_bytes(32)
        if isinstance(self.private, rsa.RSAPrivateKey):
            scheme = padding.PKCS1v15() if alg == "RS256" else PSS
            return self.private.sign(signed, scheme, hashes.SHA256())
        return bytes(self.private.sign(signed))


def ec_signer() -> Signer:
    """Return a new P-256 key."""
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(numbers.x.to_bytes(32)),
        "y": b64(numbers.y.to_bytes(32)),
    }
    return Signer(private=private, jwk=jwk, alg="ES256")


def ed_signer(alg: str = "EdDSA") -> Signer:
    """Return a new Ed25519 key."""
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    return Signer(private=private, jwk={"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}, alg=alg)


@cache
def rsa_signer(bits: int = 2048, number: int = 0) -> Signer:
    """Return an RSA key; the same for the same arguments, because they are dear to make."""
    del number
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": _int(numbers.n), "e": _int(numbers.e)}
    return Signer(private=private, jwk=jwk, alg="PS256")
