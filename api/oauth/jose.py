"""Compact JWS (RFC 7515) from clients, read strictly before any key is touched.

The algorithms are joserfc's; its readers are not used, because they take headers of 512 bytes
only, refuse unknown header names, and accept ``b64`` (RFC 7797). Duplicate keys, ``crit``,
``alg: none`` and every algorithm outside FAPI 2.0 are refused here, whoever asks.
"""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Final, Generic, NamedTuple, NoReturn, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry

from vault.base64url import from_base64url
from vault.clients.keys import ALGORITHMS, PublicJwk, read_jwks

MAX_JWS_CHARACTERS: Final = 8192
MAX_HEADER_CHARACTERS: Final = 4096
MAX_NUMERIC_DATE: Final = 1 << 40
"""About the year 36800: what lies beyond is no date."""

SIGNING_ALGORITHMS: Final = tuple(sorted(frozenset[str]().union(*ALGORITHMS.values())))

Json = Mapping[str, Any]
T = TypeVar("T")


class BadJwsError(Exception):
    """No JWS that is taken. The message is for the log, and holds nothing that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Jws:
    """A JWS that was read and **not yet verified**."""

    header: Json
    claims: Json
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """The algorithm, one of ours."""
        return str(self.header["alg"])


class Parts(NamedTuple):
    """The parts of a compact JWS, base64url."""

    header: str
    payload: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyKey:
    """A public key, imported."""

    jwk: PublicJwk
    native: Key = field(repr=False)


class Recent(Generic[T]):
    """What was used last, by name; bounded, and shared by all threads."""

    def __init__(self, *, size: int = 1024) -> None:
        """Keep at most ``size`` values."""
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[str, T] = OrderedDict()

    def get(self, name: str) -> T | None:
        """Return what is kept under ``name``."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: str, value: T) -> None:
        """Keep ``value``, and forget what was not used for longest."""
        with self._lock:
            self._kept[name] = value
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)


class KeyCache:
    """Imported keys by thumbprint, about 2 KB each."""

    def __init__(self, *, size: int = 1024) -> None:
        """Keep at most ``size`` keys."""
        self._kept: Recent[Key] = Recent(size=size)

    def load(self, jwk: PublicJwk) -> VerifyKey:
        """Import ``jwk``, or take it from memory.

        Raises:
            BadJwsError: Not a point of its curve, or otherwise no key.
        """
        native = self._kept.get(jwk.thumbprint)
        if native is None:
            native = _imported(jwk)
            self._kept.put(jwk.thumbprint, native)
        return VerifyKey(jwk=jwk, native=native)


def read_jws(text: str, *, longest: int = MAX_JWS_CHARACTERS) -> Jws:
    """Return the parts of a compact JWS whose header and payload are JSON objects.

    Raises:
        BadJwsError: Too long, no JWS, or a header that asks for what is not understood.
    """
    parts = split_jws(text, longest=longest)
    header = read_header(parts.header)
    return read_parts(parts, header=header)


def split_jws(text: str, *, longest: int = MAX_JWS_CHARACTERS) -> Parts:
    """Return the three parts as they were sent."""
    if len(text) > longest or not text.isascii():
        raise BadJwsError("too long or not ASCII")
    parts = text.split(".")
    if len(parts) != 3 or len(parts[0]) > MAX_HEADER_CHARACTERS:  # noqa: PLR2004 - RFC 7515 s. 7.1
        raise BadJwsError("not three parts, or a header too long")
    return Parts(*parts)


@lru_cache(maxsize=512)
def read_header(part: str) -> Json:
    """Return a header that asks for an algorithm of ours and for nothing critical.

    A client sends the same one all day. It is read once, and never changed.
    """
    header = read_object(part)
    if "crit" in header or "b64" in header:
        raise BadJwsError("the header has critical extensions")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in SIGNING_ALGORITHMS:
        raise BadJwsError("the algorithm is not allowed")
    return header


def read_parts(parts: Parts, *, header: Json) -> Jws:
    """Return the JWS whose header was read."""
    return Jws(
        header=header,
        claims=read_object(parts.payload),
        signed=f"{parts.header}.{parts.payload}".encode(),
        signature=_decoded(parts.signature),
    )


def key_for(jws: Jws, *, jwks: str, keys: KeyCache) -> VerifyKey:
    """Return the registered key: by ``kid``, else the only one that fits the algorithm.

    Args:
        jws: What it has signed, they say.
        jwks: Keys that its signer registered.
        keys: Where imported keys are kept.

    Raises:
        BadJwsError: No key fits, or several do.
    """
    fitting = [key for key in _registered_keys(jwks) if jws.algorithm in key.algorithms]
    kid = jws.header.get("kid")
    if kid is not None:
        fitting = [key for key in fitting if (key.kid or key.thumbprint) == kid]
    if len(fitting) != 1:
        raise BadJwsError("no key fits, or several do")
    return keys.load(fitting[0])


_registered_keys: Final = lru_cache(maxsize=1024)(read_jwks)
"""What a client registered, read once."""


def verify(jws: Jws, *, key: VerifyKey) -> None:
    """Check the signature.

    Raises:
        BadJwsError: It does not verify, or the key is not for this algorithm.
    """
    if jws.algorithm not in key.jwk.algorithms:
        raise BadJwsError("the key is not for this algorithm")
    try:
        verified = JWSRegistry.algorithms[jws.algorithm].verify(
            jws.signed, jws.signature, key.native
        )
    except (JoseError, ValueError) as error:
        raise BadJwsError("the signature is malformed") from error
    if not verified:
        raise BadJwsError("the signature does not verify")


def text_claim(claims: Json, name: str, *, longest: int) -> str:
    """Return a claim that is a text of 1 to ``longest`` characters."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise BadJwsError(f"{name} is missing or no text")
    return value


def date_claim(claims: Json, name: str) -> int:
    """Return a NumericDate (RFC 7519 s. 2) in whole seconds."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadJwsError(f"{name} is missing or no date")
    if not math.isfinite(value) or abs(value) > MAX_NUMERIC_DATE:
        raise BadJwsError(f"{name} is no date")
    return math.floor(value)


def parse_json(text: str | bytes) -> object:
    """Return the value of strict JSON: no duplicate keys, no NaN.

    Raises:
        ValueError: It is something else.
    """
    try:
        return _STRICT.decode(text if isinstance(text, str) else text.decode())
    except RecursionError as error:
        raise ValueError("too deep") from error


def _imported(jwk: PublicJwk) -> Key:
    try:
        return JWKRegistry.import_key(dict(jwk.members))
    except (JoseError, ValueError) as error:
        raise BadJwsError("the key is not valid") from error


def read_object(part: str) -> Json:
    """Return the JSON object that a part is.

    Raises:
        BadJwsError: It is none, or no base64url.
    """
    try:
        found = parse_json(_decoded(part))
    except ValueError as error:
        raise BadJwsError("a part is no JSON") from error
    if not isinstance(found, dict):
        raise BadJwsError("a part is no JSON object")
    return found


def _decoded(part: str) -> bytes:
    try:
        return from_base64url(part)
    except ValueError as error:
        raise BadJwsError("a part is no base64url") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("no such number")


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
