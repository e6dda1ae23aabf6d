"""A public log in memory: its leaves, hashed as RFC 6962 says whenever somebody asks."""

from collections.abc import Sequence

from vault.crypto.signing import SignerKey
from vault.errors import NotFoundError
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier, Path, consistency_path, inclusion_path, leaf_hash
from vault.journal.receipts import Receipt
from vault.journal.tiles import FULL_WIDTH, LEVEL_BITS, Tile, to_bundle
from vault.ports import KeptEntry


class MemoryPublicLog:
    """Implements ``vault.journal.public.PublicLog``; only the memory journal appends."""

    def __init__(self, signer: SignerKey) -> None:
        self._signer = signer
        self._head = ((), self._signed(()))

    _head: tuple[tuple[bytes, ...], str]  # Replaced whole, so that readers need no lock.

    @property
    def origin(self) -> str:
        return self._signer.verifier.name

    def size(self) -> int:
        leaves, _ = self._head
        return len(leaves)

    def checkpoint(self) -> str:
        _, note = self._head
        return note

    def tile(self, tile: Tile) -> bytes:
        leaves, _ = self._head
        if not tile.within(len(leaves)):
            raise NotFoundError("no such tile yet")
        wanted = range(tile.index * FULL_WIDTH, tile.index * FULL_WIDTH + tile.width)
        if tile.level is None:
            return to_bundle([leaves[at] for at in wanted])
        return b"".join(_node(leaves, LEVEL_BITS * tile.level, at) for at in wanted)

    def receipt(self, kept: KeptEntry) -> Receipt:
        leaves, note = self._head
        if kept.leaf not in leaves[kept.index : kept.index + 1]:
            raise NotFoundError("the log has no such entry")
        return Receipt(
            entry_id=kept.entry_id,
            leaf=kept.leaf,
            index=kept.index,
            path=inclusion_path(
                kept.index, len(leaves), lambda level, index: _node(leaves, level, index)
            ),
            checkpoint=note,
        )

    def inclusion(self, index: int, size: int) -> Path:
        leaves, _ = self._head
        if not 0 <= index < size <= len(leaves):
            raise NotFoundError("the log has not that many entries")
        return inclusion_path(index, size, lambda level, at: _node(leaves[:size], level, at))

    def consistency(self, old: int, new: int) -> Path:
        leaves, _ = self._head
        if not 0 <= old <= new <= len(leaves):
            raise NotFoundError("the log has not that many entries")
        return consistency_path(old, new, lambda level, index: _node(leaves, level, index))

    def append(self, leaf: bytes) -> None:
        """Grow by one leaf, under a new signed head."""
        leaves = (*self._head[0], leaf)
        self._head = (leaves, self._signed(leaves))

    def _signed(self, leaves: Sequence[bytes]) -> str:
        tree = Frontier().extend(map(leaf_hash, leaves))
        checkpoint = Checkpoint(origin=self.origin, size=tree.size, root=tree.root())
        return sign_checkpoint(checkpoint, signer=self._signer)


def _node(leaves: Sequence[bytes], level: int, index: int) -> bytes:
    """Return the root of the full subtree over leaves ``index·2^level`` and on."""
    below = leaves[index << level : (index + 1) << level]
    return Frontier().extend(map(leaf_hash, below)).root()
