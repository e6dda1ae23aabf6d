"""The public leaf: 70 bytes that look alike for every event (journal.md 4).

``01 ‖ suite u8 ‖ hour u32 ‖ holder tag[16] ‖ actor tag[16] ‖ SHA-256(sealed payload)[32]``,
big-endian. Kind, person and department stay invisible; those who hold a tag key find their own.
"""

import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vault.errors import IntegrityError, InvalidInputError

LEAF_BYTES: Final = 70
LEAF_VERSION: Final = 1
TAG_BYTES: Final = 16
HOURS_OF_A_DAY: Final = 24
"""Small logs round the hour of a leaf to the day; fixed when the log is made."""

_HOUR_MS: Final = 3_600_000
_FORM: Final = struct.Struct(">BBI16s16s32s")
_SUITES: Final = frozenset({1, 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf.

    Attributes:
        suite: Suite of the sealed payload (crypto.md 3), 1 or 2.
        hour: Whole hours since 1970-01-01T00:00Z.
        holder_tag, actor_tag: 16 bytes each.
        payload_hash: SHA-256 of the sealed payload.
    """

    suite: int
    hour: int
    holder_tag: bytes
    actor_tag: bytes
    payload_hash: bytes

    def __post_init__(self) -> None:
        """Refuse what does not fit: packing would cut or fill it silently."""
        lengths = (len(self.holder_tag), len(self.actor_tag), len(self.payload_hash))
        if lengths != (TAG_BYTES, TAG_BYTES, sha256().digest_size):
            raise InvalidInputError("tags have 16 bytes, and hashes 32")
        if self.suite not in _SUITES or not 0 <= self.hour < 1 << 32:
            raise InvalidInputError("a leaf has a known suite and an hour of 32 bits")

    def to_bytes(self) -> bytes:
        """Return the 70 bytes."""
        return _FORM.pack(
            LEAF_VERSION,
            self.suite,
            self.hour,
            self.holder_tag,
            self.actor_tag,
            self.payload_hash,
        )

    def dated(self, at_ms: int, /) -> bool:
        """Say whether this leaf is dated as an event at ``at_ms`` is, by hour or by day."""
        return self.hour in {hour_of(at_ms), hour_of(at_ms, round_hours=HOURS_OF_A_DAY)}

    @classmethod
    def from_bytes(cls, data: bytes, /) -> "Leaf":
        """Return the leaf that ``data`` is.

        Raises:
            IntegrityError: It is no leaf of this version.
        """
        if len(data) != LEAF_BYTES or data[0] != LEAF_VERSION:
            raise IntegrityError("this is not a leaf")
        _, suite, hour, holder_tag, actor_tag, payload_hash = _FORM.unpack(data)
        try:
            return cls(
                suite=suite,
                hour=hour,
                holder_tag=holder_tag,
                actor_tag=actor_tag,
                payload_hash=payload_hash,
            )
        except InvalidInputError as error:
            raise IntegrityError("this is not a leaf") from error


def hour_of(at_ms: int, *, round_hours: int = 1) -> int:
    """Return the hour of an instant in UTC milliseconds, rounded down to ``round_hours``."""
    return at_ms // (_HOUR_MS * round_hours) * round_hours
