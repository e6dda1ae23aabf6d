"""Public keys by value (RFC 7517): which ones a client or a proof may bring.

Nothing is fetched and nothing private is taken. What passes here is one of P-256, Ed25519 or
RSA of 2048 to 4096 bits; whether it is a point on its curve shows when it is imported.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from vault.base64url import from_base64url, to_base64url
from vault.errors import InvalidInputError

MAX_KEYS: Final = 10
NO_KEYS: Final = '{"keys":[]}'
"""Of a client that signs nothing, as canonical JSON."""

MAX_JWKS_CHARACTERS: Final = 32 * 1024
RSA_BITS: Final = range(2048, 4097)
RSA_EXPONENTS: Final = range(3, 1 << 32, 2)
COORDINATE_BYTES: Final = 32

PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

ALGORITHMS: Final[Mapping[str, frozenset[str]]] = {
    "EC": frozenset({"ES256"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
    "RSA": frozenset({"PS256"}),
}
"""Signatures that FAPI 2.0 allows, by key type; ``Ed25519`` is the name of RFC 9864."""

_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
    "RSA": ("e", "n"),
}
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicJwk:
    """A public key that may sign.

    Attributes:
        members: What identifies it, and nothing else (RFC 7638 s. 3.2).
        algorithms: What it may sign with.
        thumbprint: RFC 7638 with SHA-256, base64url, 43 characters.
        kid: Its name, or an empty string.
    """

    members: Mapping[str, str] = field(repr=False)
    algorithms: frozenset[str]
    thumbprint: str
    kid: str = ""


def read_jwk(jwk: object) -> PublicJwk:
    """Return the key that a JSON value holds.

    Raises:
        InvalidInputError: No public key of a kind that is taken.
    """
    if not isinstance(jwk, dict):
        raise InvalidInputError("a key is a JSON object")
    if PRIVATE_MEMBERS & jwk.keys():
        raise InvalidInputError("a key must not hold private members")
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _REQUIRED:
        raise InvalidInputError("a key is of type EC, OKP or RSA")
    members = {"kty": kind} | {name: _text(jwk, name) for name in _REQUIRED[kind]}
    _check_size(members)
    if jwk.get("use", "sig") != "sig" or "verify" not in _operations(jwk):
        raise InvalidInputError("a key is for signatures")
    algorithms = ALGORITHMS[kind]
    if "alg" in jwk:
        algorithms &= {_text(jwk, "alg")}
    if not algorithms:
        raise InvalidInputError("a key signs with ES256, PS256 or Ed25519")
    plain = json.dumps(members, separators=(",", ":"), sort_keys=True).encode("ascii")
    thumbprint = to_base64url(sha256(plain).digest())
    kid = _text(jwk, "kid") if "kid" in jwk else ""
    return PublicJwk(members=members, algorithms=algorithms, thumbprint=thumbprint, kid=kid)


def read_jwks(text: str) -> tuple[PublicJwk, ...]:
    """Return the keys of a JWK set (RFC 7517 s. 5), each different, each name once.

    Raises:
        InvalidInputError: The text is no such set, or a key in it may not be taken.
    """
    if len(text) > MAX_JWKS_CHARACTERS:
        raise InvalidInputError("a set of keys is at most 32 KiB long", field="jwks")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("a set of keys is JSON", field="jwks") from error
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise InvalidInputError("a set of keys holds 1 to 10 keys", field="jwks")
    read = tuple(map(read_jwk, keys))
    names = [key.kid for key in read if key.kid]
    if len(set(names)) != len(names) or len({key.thumbprint for key in read}) != len(read):
        raise InvalidInputError("a set of keys holds each key and each name once", field="jwks")
    return read


def registered_keys(text: str) -> tuple[PublicJwk, ...]:
    """Return the keys that a client is registered with; none where it only shows certificates.

    Raises:
        InvalidInputError: The text is no set of keys.
    """
    return () if text == NO_KEYS else read_jwks(text)


def plain_jwks(keys: Iterable[PublicJwk]) -> str:
    """Return keys as a JWK set with nothing in it but what they are called, are, and sign with."""
    return json.dumps({"keys": [_plain(key) for key in keys]}, separators=(",", ":"))


def _plain(key: PublicJwk) -> dict[str, str]:
    named = {"kid": key.kid} if key.kid else {}
    algorithm = {"alg": next(iter(key.algorithms))} if len(key.algorithms) == 1 else {}
    return {**named, **key.members, **algorithm, "use": "sig"}


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or not value or not value.isascii():
        raise InvalidInputError("a member of a key is missing or no text", field=name)
    return value


def _operations(jwk: Mapping[str, object]) -> list[object]:
    found = jwk.get("key_ops", ["verify"])
    return found if isinstance(found, list) else []


def _check_size(members: Mapping[str, str]) -> None:
    kind = members["kty"]
    if kind == "RSA":
        exponent = int.from_bytes(_decoded(members, "e"))
        bits = int.from_bytes(_decoded(members, "n")).bit_length()
        if bits not in RSA_BITS or exponent not in RSA_EXPONENTS:
            raise InvalidInputError("an RSA key has 2048 to 4096 bits")
        return
    if members["crv"] != _CURVES[kind]:
        raise InvalidInputError("a curve is P-256 or Ed25519")
    for name in members.keys() & {"x", "y"}:
        if len(_decoded(members, name)) != COORDINATE_BYTES:
            raise InvalidInputError("a coordinate has 32 bytes", field=name)


def _decoded(members: Mapping[str, str], name: str) -> bytes:
    try:
        return from_base64url(members[name])
    except ValueError as error:
        raise InvalidInputError("a member of a key is no base64url", field=name) from error
