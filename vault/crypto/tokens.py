"""Tokens: random text with a checksum, stored only as a keyed hash (oauth.md 5).

    prefix ‖ base64url(32 random bytes), 43 characters ‖ base62(CRC-32 of all before), 6 characters

The checksum is no secret: it lets leak scanners and our front door refuse garbage without
reading the database. Who can read the database holds nothing usable, who can write it cannot
plant a token, since the pepper lies elsewhere.
"""

import re
import zlib
from typing import Final

from vault.base64url import to_base64url
from vault.crypto.keys import ServiceKey
from vault.ids import RandomBytes

SECRET_BYTES: Final = 32
PEPPER: Final = "pepper"
"""Name of the service key that hashes tokens."""

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH: Final = 6
_PREFIX: Final = re.compile(r"[a-z]{3}_")
_TOKEN: Final = re.compile(r"([a-z]{3}_)[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")


def mint(prefix: str, *, random: RandomBytes) -> str:
    """Return a new token: ``prefix`` (three letters and ``_``), then 49 characters.

    Raises:
        ValueError: No such prefix can be told from the rest of a token.
    """
    if _PREFIX.fullmatch(prefix) is None:
        raise ValueError("a prefix is three small letters and an underscore")
    secret = to_base64url(random(SECRET_BYTES))
    return prefix + secret + _checksum(prefix + secret)


def well_formed(token: str, *, prefix: str) -> bool:
    """Say whether ``token`` could be one of ours with that prefix; says nothing about rights."""
    found = _TOKEN.fullmatch(token)
    if found is None or found[1] != prefix:
        return False
    return token[-_CHECKSUM_LENGTH:] == _checksum(token[:-_CHECKSUM_LENGTH])


def token_hash(token: str, *, pepper: ServiceKey) -> bytes:
    """Return the 32 bytes under which a token is stored: HMAC-SHA-256 over the whole of it."""
    return pepper.hmac(token.encode())


def _checksum(text: str) -> str:
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits
