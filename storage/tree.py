"""Reads the tree back: tiles, bundles, nodes and receipts from the rows of one log."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection

from storage.dialects import marked_for
from vault.errors import NotFoundError
from vault.journal.merkle import NodeReader, Path, consistency_path, inclusion_path
from vault.journal.tiles import Tile, cut_tile, node_reader, to_bundle


class Tree:
    """One log's tree over an open read transaction; ``size`` leaves of it are looked at."""

    def __init__(self, connection: Connection, *, log_id: int, year: int, size: int) -> None:
        """Read the log ``(log_id, year)`` as it was with ``size`` leaves."""
        self._connection = connection
        self._log = (log_id, year)
        self._size = size

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of a hash tile or an entry bundle.

        Raises:
            NotFoundError: The tree does not reach that far.
        """
        if not tile.within(self._size):
            raise NotFoundError("no such tile yet")
        if tile.level is None:
            return to_bundle(self._column("leaf", tile.index * 256, tile.index * 256 + tile.width))
        if tile.full:
            text = (
                "SELECT data FROM log_tile WHERE log_id = ? AND year = ? AND level = ? AND idx = ?"
            )
            found = self._connection.exec_driver_sql(
                marked_for(self._connection, text), (*self._log, tile.level, tile.index)
            ).fetchone()
            if found is not None:
                data: bytes = found[0]
                return data
        return cut_tile(tile, leaf_hashes=self.leaf_hashes, read=self.tile)

    def leaf_hashes(self, start: int, end: int) -> Sequence[bytes]:
        """Return the leaf hashes from ``start`` up to, not including, ``end``."""
        return self._column("leaf_hash", start, end)

    def inclusion(self, index: int) -> Path:
        """Return the inclusion path of the leaf at ``index``."""
        return inclusion_path(index, self._size, self._nodes())

    def consistency(self, old: int) -> Path:
        """Return the proof that the tree of ``old`` leaves is this tree's beginning."""
        return consistency_path(old, self._size, self._nodes())

    def leaf(self, index: int) -> bytes | None:
        """Return the leaf at ``index``, or ``None`` where the tree has none."""
        if not 0 <= index < self._size:
            return None
        return next(iter(self._column("leaf", index, index + 1)), None)

    def _nodes(self) -> NodeReader:
        """Read each tile once for all the nodes of one proof."""
        return node_reader(cache(self.tile), size=self._size)

    def _column(self, column: str, start: int, end: int) -> list[bytes]:
        text = (
            f"SELECT {column} FROM journal_entry"  # noqa: S608 - two names of our own
            " WHERE log_id = ? AND year = ? AND idx >= ? AND idx < ? ORDER BY idx"
        )
        rows = self._connection.exec_driver_sql(
            marked_for(self._connection, text), (*self._log, start, end)
        )
        return [row[0] for row in rows]
