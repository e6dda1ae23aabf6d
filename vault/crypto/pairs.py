"""Key pairs that the deployment signs JWTs or opens hints with; kept as wrapped PKCS #8.

Members of public keys are those of RFC 7518 s. 6 and RFC 8037 s. 2 that a thumbprint needs,
and nothing private.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from vault.base64url import to_base64url

RSA_BITS: Final = 2048
"""FAPI 2.0 s. 5.4; each key is used for 90 days."""
RSA_EXPONENT: Final = 65537
COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A new key pair.

    Attributes:
        members: Of the public JWK.
        private: PKCS #8, DER.
    """

    members: Mapping[str, str]
    private: bytes = field(repr=False)


def p256_pair() -> Pair:
    """Draw a pair for ES256, or for ECDH with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    members = {"kty": "EC", "crv": "P-256", "x": _number(point.x, COORDINATE_BYTES)}
    return Pair(members=members | {"y": _number(point.y, COORDINATE_BYTES)}, private=_der(key))


def ed25519_pair() -> Pair:
    """Draw a pair for Ed25519."""
    key = ed25519.Ed25519PrivateKey.generate()
    x = to_base64url(key.public_key().public_bytes_raw())
    return Pair(members={"kty": "OKP", "crv": "Ed25519", "x": x}, private=_der(key))


def rsa_pair() -> Pair:
    """Draw a pair for PS256."""
    key = rsa.generate_private_key(public_exponent=RSA_EXPONENT, key_size=RSA_BITS)
    numbers = key.public_key().public_numbers()
    members = {"kty": "RSA", "n": _number(numbers.n, RSA_BITS // 8), "e": _number(numbers.e, 3)}
    return Pair(members=members, private=_der(key))


DRAWN: Final[Mapping[str, Callable[[], Pair]]] = {
    "ECDH-ES+A256KW": p256_pair,
    "ES256": p256_pair,
    "Ed25519": ed25519_pair,
    "PS256": rsa_pair,
}
"""How a pair for each algorithm is drawn."""


def _der(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _number(value: int, length: int) -> str:
    return to_base64url(value.to_bytes(length, "big"))
