"""Tags and references: what stands in public, or in an opened entry, for who it is about.

    holder ref = HMAC(holder tag key, "cv1/href" ‖ entry_id)[:16]
    record ref = HMAC(holder tag key, "cv1/rref" ‖ department_id ‖ record_id)[:16]
    holder tag = HMAC(holder tag key, "cv1/stag" ‖ u64 holder_seq)[:16]
    actor tag  = HMAC(actor tag key, "cv1/atag" ‖ u16 lane ‖ u48 actor_seq)[:16]

An opened entry shows a department its own number and a reference that no other entry has,
never a holder's id or number (journal.md 3). Only holders of a tag key find their own leaves.
"""

from typing import Final

from vault.crypto.keys import DepartmentTagKey, HolderTagKey
from vault.errors import InvalidInputError
from vault.ids import DepartmentId, EntryId, RecordId
from vault.journal.leaves import TAG_BYTES

NOBODY: Final = bytes(TAG_BYTES)
"""Holder reference of entries that concern no holder."""

MAX_LANE: Final = (1 << 16) - 1
MAX_ACTOR_SEQ: Final = (1 << 48) - 1


def holder_ref(tag_key: HolderTagKey, entry_id: EntryId, /) -> bytes:
    """Return the 16 bytes that stand for the holder in one entry, and in no other."""
    return tag_key.hmac(b"cv1/href" + entry_id)[:TAG_BYTES]


def record_ref(
    tag_key: HolderTagKey, *, department_id: DepartmentId, record_id: RecordId
) -> bytes:
    """Return the 16 bytes by which one department knows a record in entries."""
    return tag_key.hmac(b"cv1/rref" + department_id + record_id)[:TAG_BYTES]


def holder_tag(tag_key: HolderTagKey, seq: int, /) -> bytes:
    """Return the tag by which a holder finds the entry with this number."""
    return tag_key.hmac(b"cv1/stag" + u64(seq))[:TAG_BYTES]


def actor_tag(tag_key: DepartmentTagKey, *, lane: int, seq: int) -> bytes:
    """Return the tag by which an actor finds the entry with this number in one shard."""
    return tag_key.hmac(b"cv1/atag" + u64(actor_number(lane, seq)))[:TAG_BYTES]


def actor_number(lane: int, seq: int, /) -> int:
    """Return u16 lane and u48 sequence as one number, as tags and contexts hold it.

    Raises:
        InvalidInputError: One of them is out of range.
    """
    if not (0 <= lane <= MAX_LANE and 0 <= seq <= MAX_ACTOR_SEQ):
        raise InvalidInputError("an actor's lane or number is out of range")
    return lane << 48 | seq


def u64(number: int, /) -> bytes:
    """Return ``number`` as 8 bytes, big-endian.

    Raises:
        InvalidInputError: It is out of range, as only a row that was tampered with holds it.
    """
    try:
        return number.to_bytes(8, "big")
    except OverflowError as error:
        raise InvalidInputError("a number is out of range") from error
