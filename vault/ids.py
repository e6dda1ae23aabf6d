"""One type per kind of id. Ids are 16 random bytes; on the wire they are 32 hex digits.

An id says nothing about what it names: no number, date or region of a holder is in it.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple, NewType

from vault.errors import InvalidInputError

ID_BYTES: Final = 16

RandomBytes = Callable[[int], bytes]
"""Source of randomness, ``os.urandom`` outside tests."""

HolderId = NewType("HolderId", bytes)
DepartmentId = NewType("DepartmentId", bytes)
RecordId = NewType("RecordId", bytes)
GrantId = NewType("GrantId", bytes)
MandateId = NewType("MandateId", bytes)
EntryId = NewType("EntryId", bytes)
NoticeId = NewType("NoticeId", bytes)
ClientId = NewType("ClientId", str)
CaseNumber = NewType("CaseNumber", str)


class Space(NamedTuple):
    """Where a holder's rows live: the journal shard, fixed for good, and the holder."""

    log_id: int
    holder_id: HolderId


def space_of(holder_id: HolderId, *, shards: int) -> Space:
    """Return the place of a holder (journal.md 13: first 16 bits of SHA-256, mod shards)."""
    digest = sha256(holder_id).digest()
    return Space(int.from_bytes(digest[:2], "big") % shards, holder_id)


def parse_id(text: str) -> bytes:
    """Return the 16 bytes that 32 lower-case hex digits stand for.

    Raises:
        InvalidInputError: ``text`` is anything else.
    """
    if len(text) != 2 * ID_BYTES or set(text) - set("0123456789abcdef"):
        raise InvalidInputError("an id is 32 lower-case hexadecimal digits")
    return bytes.fromhex(text)
