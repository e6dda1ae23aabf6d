"""Compact JWE (RFC 7516) that clients seal to a key of ours, read as strictly as their JWS.

One way to agree on a key and one cipher are taken. Compression is refused, as is whatever a
header names that is not needed; an ephemeral key is checked before anything is done with it.
"""

from collections.abc import Callable
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import Key

from api.oauth.jose import BadJwsError, Json, parse_json, read_object
from vault.clients.keys import read_jwk
from vault.clients.signing_keys import Agreement
from vault.errors import InvalidInputError

ENCRYPTION: Final = "A256GCM"
MAX_CHARACTERS: Final = 4096

_PARTS: Final = 5
_NEEDED: Final = frozenset({"alg", "enc", "epk", "kid"})
_KNOWN: Final = _NEEDED | {"apu", "apv", "cty", "typ"}
_REGISTRY: Final = JWERegistry(algorithms=[Agreement.ECDH_ES.value, ENCRYPTION])


def open_jwe(text: str, *, private: Callable[[str], Key | None]) -> Json:
    """Return the JSON object that was sealed.

    Args:
        text: Compact serialization.
        private: Finds a key of ours by its id.

    Raises:
        BadJwsError: It is nothing that was sealed to a key of ours in the one way.
    """
    parts = text.split(".")
    if len(text) > MAX_CHARACTERS or not text.isascii() or len(parts) != _PARTS:
        raise BadJwsError("too long, not ASCII, or not five parts")
    header = read_object(parts[0])
    if not _NEEDED <= header.keys() <= _KNOWN:
        raise BadJwsError("the header lacks something, or asks for something")
    if (header["alg"], header["enc"]) != (Agreement.ECDH_ES, ENCRYPTION):
        raise BadJwsError("the algorithm is not allowed")
    kid = header["kid"]
    key = private(kid) if isinstance(kid, str) else None
    if key is None:
        raise BadJwsError("sealed to no key of ours")
    try:
        read_jwk(header["epk"])
        plain = decrypt_compact(text, key, registry=_REGISTRY).plaintext
        found = parse_json(plain or b"")
    except (InvalidInputError, JoseError, ValueError) as error:
        raise BadJwsError("it does not open, or is no JSON") from error
    if not isinstance(found, dict):
        raise BadJwsError("what was sealed is no JSON object")
    return found
