"""What anybody may read of a log, from the rows that are committed now (journal.md 5, 11)."""

from collections.abc import Iterator
from contextlib import contextmanager

from storage.database import Database
from storage.log_rows import HeadRow, LogRows
from storage.tree import Tree
from storage.unit_of_work import read_transactions
from vault.errors import NotFoundError
from vault.journal.merkle import Path
from vault.journal.receipts import Receipt
from vault.journal.tiles import Tile
from vault.ports import KeptEntry


class PublicLog:
    """Implements ``vault.journal.public.PublicLog``; each answer is of one moment."""

    def __init__(self, database: Database, *, log_id: int) -> None:
        """Read the log ``log_id`` of ``database``."""
        self._transaction = read_transactions(database)
        self._log_id = log_id

    @property
    def origin(self) -> str:
        """Return the name of the log, such as ``vault.example/log/2026``."""
        with self._reading() as (_, head):
            return head.origin

    def size(self) -> int:
        """Return how many entries the log has."""
        with self._reading() as (_, head):
            return head.size

    def checkpoint(self) -> str:
        """Return the signed head (C2SP tlog-checkpoint)."""
        with self._reading() as (_, head):
            return head.note

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of a hash tile or an entry bundle (C2SP tlog-tiles).

        Raises:
            NotFoundError: The tree does not reach that far.
        """
        with self._reading() as (rows, head):
            return _tree(rows, head, size=head.size).tile(tile)

    def receipt(self, kept: KeptEntry) -> Receipt:
        """Return a receipt of an entry at the head of now.

        Raises:
            NotFoundError: The log has no such entry.
        """
        with self._reading() as (rows, head):
            tree = _tree(rows, head, size=head.size)
            if kept.log_id != self._log_id or tree.leaf(kept.index) != kept.leaf:
                raise NotFoundError("the log has no such entry")
            return Receipt(
                entry_id=kept.entry_id,
                leaf=kept.leaf,
                index=kept.index,
                path=tree.inclusion(kept.index),
                checkpoint=head.note,
            )

    def inclusion(self, index: int, size: int) -> Path:
        """Return the inclusion path of the leaf at ``index`` when the log had ``size`` leaves.

        Raises:
            NotFoundError: The log has not that many entries.
        """
        with self._reading() as (rows, head):
            if not 0 <= index < size <= head.size:
                raise NotFoundError("the log has not that many entries")
            return _tree(rows, head, size=size).inclusion(index)

    def consistency(self, old: int, new: int) -> Path:
        """Return the proof that the tree of ``old`` leaves is the beginning of that of ``new``.

        Raises:
            NotFoundError: The log has not that many entries.
        """
        with self._reading() as (rows, head):
            if not 0 <= old <= new <= head.size:
                raise NotFoundError("the log has not that many entries")
            return _tree(rows, head, size=new).consistency(old)

    @contextmanager
    def _reading(self) -> Iterator[tuple[LogRows, HeadRow]]:
        with self._transaction() as connection:
            rows = LogRows(connection)
            head = rows.head(self._log_id)
            if head is None:
                raise NotFoundError("there is no such log")
            yield rows, head


def _tree(rows: LogRows, head: HeadRow, *, size: int) -> Tree:
    return Tree(rows.connection, log_id=head.log_id, year=head.year, size=size)
