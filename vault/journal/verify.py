"""Replays a whole log offline: what is stored must be exactly what was signed (journal.md 9).

Tree and root are computed anew from the leaves; leaf hashes, payload hashes, numbers, times,
tiles, frontier and the signed note are compared with them. Nothing stops at the first fault:
an operator who finds one wants to know how many there are.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from vault.crypto.signing import VerifierKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.checkpoints import Checkpoint, verify_checkpoint
from vault.journal.entries import Entry
from vault.journal.findings import Fault, Finding, LogSource, Report, StoredEntry, StoredHead
from vault.journal.leaves import Leaf
from vault.journal.merkle import Frontier, leaf_hash
from vault.journal.tiles import FULL_WIDTH, Tile, tile_path

MAX_FINDINGS: Final = 1000
"""What is found beyond this is counted, not kept."""

Opener = Callable[[StoredEntry], Entry]
"""Opens a payload; ``IntegrityError`` or ``InvalidInputError`` if keys and numbers do not fit."""

ChangeCheck = Callable[[StoredEntry, Entry], Iterable[Finding]]
"""Sees each opened entry in order, such as ``StateCheck.see``."""


def verify_log(
    source: LogSource,
    *,
    verifier: VerifierKey,
    progress: Callable[[int, int], None] = lambda _done, _size: None,
    opener: Opener | None = None,
    changes: ChangeCheck = lambda _stored, _entry: (),
) -> Report:
    """Read a whole log and say everything that is wrong with it.

    Args:
        source: The log, not changing while it is read (one read transaction).
        verifier: The log's own verifier key.
        progress: Told how many of how many entries were read, every 256.
        opener: Opens payloads; without it only the public part is checked.
        changes: Sees each opened entry; what it finds stands in the report.

    Returns:
        The report; faults are in it and are not raised.
    """
    replay = _Replay(source.head(), opener=opener, changes=changes)
    for stored in source.entries(0):
        replay.take(stored)
        if replay.entries % FULL_WIDTH == 0:
            progress(replay.entries, replay.head.size)
    replay.end(verifier=verifier)
    replay.compare_tiles(source.tiles())
    progress(replay.entries, replay.head.size)
    return replay.report()


class _Rows:
    """The tiles of a growing tree: the hashes of each open tile, a digest of each full one."""

    def __init__(self) -> None:
        self.size = 0
        self.full: dict[Tile, bytes] = {}
        self._open: list[list[bytes]] = []

    def add(self, hashed: bytes) -> None:
        self.size += 1
        level = 0
        while True:
            if level == len(self._open):
                self._open.append([])
            row = self._open[level]
            row.append(hashed)
            if len(row) < FULL_WIDTH:
                return
            tile = Tile(level=level, index=(self.size >> 8 * (level + 1)) - 1)
            self.full[tile] = sha256(b"".join(row)).digest()
            hashed = Frontier().extend(row).root()
            row.clear()
            level += 1

    def frontier(self) -> Frontier:
        """Return the frontier: each open tile holds the full subtrees of eight levels."""
        roots = [Frontier().extend(row).roots for row in reversed(self._open)]
        return Frontier(self.size, tuple(root for some in roots for root in some))


class _Sequences:
    """Numbers that start at 0 and have no hole and no repeat, one sequence for each owner."""

    def __init__(self) -> None:
        self._next: dict[bytes, int] = {}

    def follows(self, owner: bytes, number: int) -> bool:
        expected = self._next.get(owner, 0)
        self._next[owner] = number + 1  # One fault is told once, not for all that follow.
        return number == expected


class _Replay:
    """One pass over a log."""

    def __init__(self, head: StoredHead, *, opener: Opener | None, changes: ChangeCheck) -> None:
        self.head = head
        self.entries = 0
        self._opener, self._changes = opener, changes
        self._opened = self._faults = 0
        self._findings: list[Finding] = []
        self._rows = _Rows()
        self._holders, self._actors = _Sequences(), _Sequences()
        self._next_index = 0
        self._hour = self._at_ms = 0

    def take(self, stored: StoredEntry) -> None:
        """Check one entry and put its leaf into the tree."""
        self.entries += 1
        if stored.index != self._next_index:
            self._found(Fault.ENTRY_MISSING, index=stored.index)
        self._next_index = stored.index + 1
        if stored.index >= self.head.size:
            self._found(Fault.ENTRY_BEYOND_HEAD, index=stored.index)
            return
        hashed = leaf_hash(stored.leaf)
        self._rows.add(hashed)
        if hashed != stored.leaf_hash:
            self._found(Fault.LEAF_HASH, index=stored.index)
        self._take_numbers(stored)
        try:
            leaf = Leaf.from_bytes(stored.leaf)
        except IntegrityError:
            self._found(Fault.LEAF_MALFORMED, index=stored.index)
            return
        if leaf.hour < self._hour:
            self._found(Fault.TIME_FALLS, index=stored.index)
        self._hour = leaf.hour
        if stored.payload is None:
            return
        if sha256(stored.payload).digest() != leaf.payload_hash:
            self._found(Fault.PAYLOAD_HASH, index=stored.index)
        elif self._opener is not None:
            self._open(stored, leaf=leaf, opener=self._opener)

    def end(self, *, verifier: VerifierKey) -> None:
        """Compare the head with the tree that the entries make."""
        frontier, head = self._rows.frontier(), self.head
        root = frontier.root()
        if self._next_index < head.size:
            self._found(Fault.ENTRY_MISSING, index=self._next_index)
        if (frontier.size, root) != (head.size, head.root):
            self._found(Fault.ROOT)
        if frontier.to_bytes() != head.frontier:
            self._found(Fault.FRONTIER)
        if self._at_ms > head.last_ms:
            self._found(Fault.TIME_FALLS)
        try:
            signed = verify_checkpoint(head.note, verifier=verifier, origin=head.origin)
        except IntegrityError:
            self._found(Fault.CHECKPOINT)
        else:
            if signed != Checkpoint(origin=head.origin, size=frontier.size, root=root):
                self._found(Fault.CHECKPOINT)

    def compare_tiles(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Compare the stored tiles with those of the tree that the entries make."""
        missing = dict(self._rows.full)
        for tile, data in tiles:
            expected = missing.pop(tile, None)
            if expected is None:
                self._found(Fault.TILE_UNKNOWN, what=tile_path(tile))
            elif sha256(data).digest() != expected:
                self._found(Fault.TILE, what=tile_path(tile))
        for tile in missing:
            self._found(Fault.TILE_MISSING, what=tile_path(tile))

    def report(self) -> Report:
        """Return what was found."""
        return Report(
            head=self.head,
            entries=self.entries,
            opened=self._opened,
            findings=tuple(self._findings),
            faults=self._faults,
        )

    def _take_numbers(self, stored: StoredEntry) -> None:
        if not self._actors.follows(stored.actor_id, stored.actor_seq):
            self._found(Fault.ACTOR_SEQUENCE, index=stored.index, what=str(stored.actor_seq))
        match stored.holder_id, stored.holder_seq:
            case None, None:
                good = True
            case bytes(owner), int(number):
                good = self._holders.follows(owner, number)
            case _:
                good = False
        if not good:
            self._found(Fault.HOLDER_SEQUENCE, index=stored.index, what=str(stored.holder_seq))

    def _open(self, stored: StoredEntry, *, leaf: Leaf, opener: Opener) -> None:
        try:
            entry = opener(stored)
        except (IntegrityError, InvalidInputError):
            self._found(Fault.DOES_NOT_OPEN, index=stored.index)
            return
        self._opened += 1
        if entry.entry_id != stored.entry_id:
            self._found(Fault.OTHER_ENTRY, index=stored.index)
        if entry.at_ms < self._at_ms or not leaf.dated(entry.at_ms):
            self._found(Fault.TIME_FALLS, index=stored.index)
        self._at_ms = entry.at_ms
        for finding in self._changes(stored, entry):
            self._keep(finding)

    def _found(self, fault: Fault, *, index: int | None = None, what: str = "") -> None:
        self._keep(Finding(fault=fault, index=index, what=what))

    def _keep(self, finding: Finding) -> None:
        self._faults += 1
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(finding)
