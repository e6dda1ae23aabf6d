"""A log in memory, written by the rules and then spoilt at will."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.support.journal_values import VAULT_ID, chosen_bytes, entry_keys
from vault.crypto.signing import SignerKey, VerifierKey
from vault.crypto.suites import Suite
from vault.ids import EntryId
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.entries import Entry
from vault.journal.findings import StoredEntry, StoredHead
from vault.journal.leaves import Leaf
from vault.journal.merkle import Frontier
from vault.journal.sealing import open_entry, seal_entry
from vault.journal.tiles import Tile, cut_tile, filled_tiles

ORIGIN = "vault.example/log/2026"
ACTOR = b"\xac" * 16


@dataclass
class MemoryLog:
    """Rows of one log; tests change them before they are verified."""

    signer: SignerKey = field(default_factory=lambda: SignerKey(b"\x01" * 32, name=ORIGIN))
    rows: list[StoredEntry] = field(default_factory=list)
    kept_tiles: dict[Tile, bytes] = field(default_factory=dict)
    stored_head: StoredHead | None = None

    @property
    def verifier(self) -> VerifierKey:
        """The key that the head is signed with."""
        return self.signer.verifier

    def append(self, entries: Sequence[tuple[int | None, Entry]]) -> None:
        """Append one batch of entries, each of a numbered holder or of nobody."""
        old = len(self.rows)
        for holder, entry in entries:
            holder_id = None if holder is None else bytes([holder]) * 16
            of_holder = [row for row in self.rows if row.holder_id == holder_id]
            holder_seq = None if holder is None else len(of_holder)
            index = len(self.rows)
            sealed = seal_entry(
                entry,
                keys=entry_keys(holder=holder),
                holder_seq=holder_seq,
                actor_seq=index,
                vault_id=VAULT_ID,
                suite=Suite.AES_256_GCM,
                random=chosen_bytes(f"entry {index}"),
            )
            self.rows.append(
                StoredEntry(
                    index=index,
                    entry_id=entry.entry_id,
                    holder_id=holder_id,
                    holder_seq=holder_seq,
                    actor_id=ACTOR,
                    actor_seq=index,
                    key_version=1,
                    leaf=sealed.leaf,
                    leaf_hash=sealed.leaf_hash,
                    payload=sealed.payload,
                )
            )
        self._publish(old, last_ms=entries[-1][1].at_ms if entries else 0)

    def change(self, index: int, **changed: object) -> None:
        """Edit a row, as one with access to the database could."""
        self.rows[index] = replace(self.rows[index], **changed)  # type: ignore[arg-type]  # any column

    def change_head(self, **changed: object) -> None:
        """Edit the head."""
        self.stored_head = replace(self.head(), **changed)  # type: ignore[arg-type]  # any column

    def head(self) -> StoredHead:
        """Return the head."""
        if self.stored_head is None:
            self._publish(0, last_ms=0)
        assert self.stored_head is not None
        return self.stored_head

    def entries(self, start: int) -> Iterator[StoredEntry]:
        """Yield the entries."""
        return iter(self.rows[start:])

    def tiles(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield the full tiles."""
        return iter(self.kept_tiles.items())

    def open(self, stored: StoredEntry) -> Entry:
        """Open a payload with the keys of its holder."""
        assert stored.payload is not None
        return open_entry(
            stored.payload,
            keys=entry_keys(holder=stored.holder_id[0] if stored.holder_id else None),
            entry_id=EntryId(stored.entry_id),
            holder_seq=stored.holder_seq,
            actor_seq=stored.actor_seq,
            vault_id=VAULT_ID,
            suite=Suite(Leaf.from_bytes(stored.leaf).suite),
        )

    def _publish(self, old: int, *, last_ms: int) -> None:
        hashes = [row.leaf_hash for row in self.rows]
        for tile in filled_tiles(old, len(hashes)):
            self.kept_tiles[tile] = cut_tile(
                tile,
                leaf_hashes=lambda start, end: hashes[start:end],
                read=self.kept_tiles.__getitem__,
            )
        frontier = Frontier().extend(hashes)
        head = Checkpoint(origin=ORIGIN, size=frontier.size, root=frontier.root())
        self.stored_head = StoredHead(
            origin=ORIGIN,
            size=head.size,
            root=head.root,
            frontier=frontier.to_bytes(),
            note=sign_checkpoint(head, signer=self.signer),
            last_ms=last_ms,
        )
