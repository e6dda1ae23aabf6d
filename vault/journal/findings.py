"""What a check of a log reads, and what it can find wrong (journal.md 9, 10)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vault.journal.tiles import Tile


class Fault(StrEnum):
    """What can be wrong with a stored log."""

    ENTRY_MISSING = "entry-missing"
    ENTRY_BEYOND_HEAD = "entry-beyond-head"
    LEAF_MALFORMED = "leaf-malformed"
    LEAF_HASH = "leaf-hash"
    PAYLOAD_HASH = "payload-hash"
    TIME_FALLS = "time-falls"
    HOLDER_SEQUENCE = "holder-sequence"
    ACTOR_SEQUENCE = "actor-sequence"
    DOES_NOT_OPEN = "does-not-open"
    OTHER_ENTRY = "other-entry"
    ROOT = "root"
    FRONTIER = "frontier"
    CHECKPOINT = "checkpoint"
    TILE = "tile"
    TILE_MISSING = "tile-missing"
    TILE_UNKNOWN = "tile-unknown"
    CHANGE_SKIPS = "change-skips"
    STATE_DIFFERS = "state-differs"
    STATE_INVENTED = "state-invented"
    STATE_MISSING = "state-missing"
    ROW_MAC = "row-mac"
    ROW_OLDER = "row-older"
    ROW_MISSING = "row-missing"
    STATE_ROW = "state-row"
    ROWS_UNSEALED = "rows-unsealed"
    INPUTS_MISSING = "inputs-missing"
    DECISION_DIFFERS = "decision-differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault.

    Attributes:
        index: Position in the log, where there is one.
        what: Which tile, object or number; never a value out of a payload.
    """

    fault: Fault
    index: int | None = None
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A row of ``journal_entry``.

    Attributes:
        payload: The sealed payload; ``None`` after its retention has ended.
        inputs: The sealed inputs of its decision, for replay.
    """

    index: int
    entry_id: bytes
    holder_id: bytes | None
    holder_seq: int | None
    actor_id: bytes
    actor_seq: int
    key_version: int
    leaf: bytes
    leaf_hash: bytes
    payload: bytes | None
    inputs: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """The row of ``log_head``."""

    origin: str
    size: int
    root: bytes
    frontier: bytes
    note: str
    last_ms: int


class LogSource(Protocol):
    """Where a log is read from."""

    def head(self) -> StoredHead:
        """Return the head."""
        ...

    def entries(self, start: int) -> Iterator[StoredEntry]:
        """Yield the entries from index ``start`` on, in order."""
        ...

    def tiles(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield every stored tile, in any order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found.

    Attributes:
        entries, opened: How many entries were read, and how many of them were opened.
        findings: The first thousand faults, in the order in which they were found.
        faults: How many there were in all.
    """

    head: StoredHead
    entries: int
    opened: int
    findings: tuple[Finding, ...]
    faults: int

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.faults
