"""Finds a holder by number without storing the number: a keyed hash (crypto.md 11).

    HMAC(key[type, version], "cv1/bi" ‖ 00 ‖ "cv1" ‖ vault_id ‖ type ‖ version ‖ value)

SHA-256, or SM3 in suite 2; the fields are encoded as in contexts. It tells equality, and
nothing across vaults; whoever has the key can try all numbers, so the key is guarded like a
vault key. Nothing is normalised here: two spellings of one number are two numbers.
"""

import re
from typing import Final

from vault.crypto.contexts import fields
from vault.crypto.keys import ServiceKey
from vault.errors import InvalidInputError

NAME: Final = "bi."
"""How the names of these service keys begin; the type follows."""

_LABEL: Final = b"cv1/bi\0"
_STRICT: Final = re.compile(r"[0-9A-Z]{1,64}")


def blind_index(key: ServiceKey, *, vault_id: bytes, kind: str, version: int, value: str) -> bytes:
    """Return the 32 bytes under which a number is found.

    Args:
        key: The service key ``bi.<kind>`` of that version.
        vault_id: 16 bytes.
        kind: Type of the number, as in the row.
        version: Of the key.
        value: The strict value (domain.md 1.1), checked by its own type's rules.

    Raises:
        InvalidInputError: Not a strict value: anything but ASCII digits and capitals.
    """
    if _STRICT.fullmatch(value) is None:
        raise InvalidInputError("a number is written with digits and capital letters only")
    message = _LABEL + fields(vault_id, kind, version) + value.encode()
    return key.suite.hmac(key.reveal(), message)
