"""The rows of a log, over one open transaction: its head, its counters, entries and tiles.

Plain driver statements with positional parameters: each is set-based, and its text depends
on the number of rows alone, so that drivers keep it prepared. Another database needs another
``Dialect`` here, and not another writer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from storage.statements import Driver

Row = tuple[Any, ...]


class HeadRow(NamedTuple):
    """The row under whose lock everything is ordered."""

    log_id: int
    year: int
    origin: str
    size: int
    root: bytes
    frontier: bytes
    note: str
    last_ms: int
    frozen: int


class EntryRow(NamedTuple):
    """One new entry, column by column (journal.md 15)."""

    log_id: int
    year: int
    idx: int
    entry_id: bytes
    holder_id: bytes | None
    holder_seq: int | None
    actor_id: bytes
    actor_seq: int
    key_version: int
    leaf: bytes
    leaf_hash: bytes
    payload: bytes
    inputs: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between databases.

    Attributes:
        mark: The driver's placeholder.
        lock: What follows a SELECT to lock its row; nothing where the transaction locks all.
    """

    mark: str
    lock: str


SQLITE: Final = Dialect(mark="?", lock="")


class Statements:
    """What runs statements; their placeholders are question marks.

    They are said to the driver itself, as those of ``storage.statements`` are, and its errors
    come as they are: whoever began the transaction turns them into what the vault understands.
    """

    __slots__ = ("_cursor", "connection", "dialect")

    def __init__(self, connection: Connection, dialect: Dialect = SQLITE) -> None:
        """Stand on the transaction of ``connection``."""
        self.connection = connection
        self.dialect = dialect
        self._cursor = Driver(connection).cursor

    def _all(self, text: str, parameters: Row) -> Sequence[Any]:
        cursor = self._cursor()
        cursor.execute(self._marked(text), parameters)
        found: Sequence[Any] = cursor.fetchall()
        return found

    def _run(self, text: str, parameters: Row = ()) -> None:
        self._cursor().execute(self._marked(text), parameters)

    def _many(self, text: str, rows: Sequence[Row]) -> None:
        if rows:
            self._cursor().executemany(self._marked(text), rows)

    def _marked(self, text: str) -> str:
        return text if self.dialect.mark == "?" else text.replace("?", self.dialect.mark)


class LogRows(Statements):
    """What is said to the database about a log itself."""

    __slots__ = ()

    def head(self, log_id: int) -> HeadRow | None:
        """Return the newest head of a log."""
        return self._head(log_id, lock="")

    def lock_head(self, log_id: int) -> HeadRow | None:
        """Lock the head: alone in its statement, so that what follows sees the latest rows."""
        return self._head(log_id, lock=self.dialect.lock)

    def _head(self, log_id: int, *, lock: str) -> HeadRow | None:
        columns = ", ".join(HeadRow._fields)
        found = self._all(
            f"SELECT {columns} FROM log_head WHERE log_id = ? ORDER BY year DESC LIMIT 1{lock}",  # noqa: S608 - names of our own type
            (log_id,),
        )
        return HeadRow(*found[0]) if found else None

    def open(self, head: HeadRow) -> None:
        """Insert the first head of a log."""
        columns = ", ".join(HeadRow._fields)
        self._run(f"INSERT INTO log_head ({columns}) VALUES {rows_of(1, len(head))}", head)  # noqa: S608 - names of our own type

    def count(self, log_id: int, owners: Mapping[bytes, int]) -> dict[bytes, int]:
        """Advance counters; return the first new number of each owner.

        Rows are written in order of id, the order of locks (journal.md 2.6 rule 1).
        """
        rows = [(log_id, owner, n) for owner, n in sorted(owners.items())]
        found = self._all(
            "INSERT INTO journal_counter (log_id, owner_id, seq)"  # noqa: S608 - marks only
            f" VALUES {rows_of(len(rows), 3)}"
            " ON CONFLICT (log_id, owner_id) DO UPDATE"
            " SET seq = journal_counter.seq + excluded.seq RETURNING owner_id, seq",
            flat(rows),
        )
        return {owner: seq - owners[owner] for owner, seq in found}

    def append(self, entries: Sequence[EntryRow]) -> None:
        """Insert the entries of a batch."""
        columns = ", ".join(EntryRow._fields)
        self._many(f"INSERT INTO journal_entry ({columns}) VALUES {rows_of(1, 13)}", entries)  # noqa: S608 - column names of our own type

    def beyond(self, head: HeadRow) -> bool:
        """Say whether there are entries that the head does not count."""
        return bool(
            self._all(
                "SELECT idx FROM journal_entry WHERE log_id = ? AND year = ? AND idx >= ? LIMIT 1",
                (head.log_id, head.year, head.size),
            )
        )

    def add_tile(self, log_id: int, year: int, *, level: int, index: int, data: bytes) -> None:
        """Insert a tile that has just filled; tiles are never rewritten."""
        self._run(
            f"INSERT INTO log_tile (log_id, year, level, idx, data) VALUES {rows_of(1, 5)}",  # noqa: S608 - marks only
            (log_id, year, level, index, data),
        )

    def advance(self, old: HeadRow, new: HeadRow) -> bool:
        """Move the head from ``old`` to ``new``; say whether it still stood there."""
        done = self._all(
            "UPDATE log_head SET size = ?, root = ?, frontier = ?, note = ?, last_ms = ?"
            " WHERE log_id = ? AND year = ? AND size = ? AND frozen = 0 RETURNING size",
            (
                *(new.size, new.root, new.frontier, new.note, new.last_ms),
                *(old.log_id, old.year, old.size),
            ),
        )
        return len(done) == 1

    def freeze(self, log_id: int) -> None:
        """Close the log for good."""
        self._run("UPDATE log_head SET frozen = 1 WHERE log_id = ?", (log_id,))


@lru_cache(maxsize=4096)
def rows_of(count: int, width: int) -> str:
    """Return the marks of ``count`` rows of ``width`` values."""
    one = "(" + ", ".join("?" * width) + ")"
    return ", ".join([one] * count)


def flat(rows: Sequence[Sequence[Any]]) -> Row:
    """Return the values of all rows, one after the other."""
    return tuple(value for row in rows for value in row)
