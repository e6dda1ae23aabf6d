"""What anybody may read of a log: its signed head, its tiles, and proofs (journal.md 5, 11)."""

from typing import Protocol

from vault.journal.merkle import Path
from vault.journal.receipts import Receipt
from vault.journal.tiles import Tile
from vault.ports import KeptEntry


class PublicLog(Protocol):
    """One log, as it is committed now. ``storage`` provides it."""

    @property
    def origin(self) -> str:
        """Return the name of the log, such as ``vault.example/log/2026``."""
        ...

    def size(self) -> int:
        """Return how many entries the log has."""
        ...

    def checkpoint(self) -> str:
        """Return the signed head (C2SP tlog-checkpoint)."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of a hash tile or an entry bundle (C2SP tlog-tiles).

        Raises:
            NotFoundError: The tree does not reach that far.
        """
        ...

    def receipt(self, kept: KeptEntry) -> Receipt:
        """Return a receipt of an entry at the head of now."""
        ...

    def inclusion(self, index: int, size: int) -> Path:
        """Return the inclusion path of the leaf at ``index`` when the log had ``size`` leaves.

        Raises:
            NotFoundError: The log has not that many entries.
        """
        ...

    def consistency(self, old: int, new: int) -> Path:
        """Return the proof that the tree of ``old`` leaves is the beginning of that of ``new``.

        Raises:
            NotFoundError: The log has not that many entries.
        """
        ...
