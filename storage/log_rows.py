"""The rows of a log, over one open transaction: its head, its counters, entries and tiles.

Plain driver statements with positional parameters: each is set-based, and its text depends
on the number of rows at most, so that drivers keep it prepared.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from storage.dialects import Columns, Row, dialect_named
from storage.statements import Driver


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


class Statements:
    """What runs statements; their placeholders are question marks.

    They are said to the driver itself, as those of ``storage.statements`` are, and its errors
    come as they are: whoever began the transaction turns them into what the vault understands.
    One at a time, never in the driver's pipeline: that ends with a message after which a server
    forgets to count how long it has been left waiting, and the head may be locked here.
    """

    __slots__ = ("_cursor", "connection", "dialect")

    def __init__(self, connection: Connection) -> None:
        """Stand on the transaction of ``connection``."""
        self.connection = connection
        self.dialect = dialect_named(connection.dialect.name)
        self._cursor = Driver(connection).cursor

    def _all(self, text: str, parameters: Row) -> Sequence[Any]:
        cursor = self._cursor()
        cursor.execute(self.dialect.marked(text), parameters)
        found: Sequence[Any] = cursor.fetchall()
        return found

    def _run(self, text: str, parameters: Row = ()) -> None:
        self._cursor().execute(self.dialect.marked(text), parameters)

    def _insert(self, table: str, columns: Columns, rows: Sequence[Row], *, then: str = "") -> str:
        """Return the statement that inserts ``rows``; ``then`` follows it."""
        listed = self.dialect.listed(table, columns, count=len(rows))
        return f"INSERT INTO {table} ({', '.join(columns)}) {listed}{then}"

    def _add(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Insert ``rows``."""
        self._run(self._insert(table, columns, rows), self.dialect.given(rows))


class LogRows(Statements):
    """What is said to the database about a log itself."""

    __slots__ = ()

    def head(self, log_id: int) -> HeadRow | None:
        """Return the newest head of a log."""
        return self._head(log_id, lock="")

    def heads(self) -> tuple[HeadRow, ...]:
        """Return the newest head of every log, in the order of the logs."""
        columns = ", ".join(HeadRow._fields)
        rows = self._all(f"SELECT {columns} FROM log_head ORDER BY log_id, year", ())  # noqa: S608 - names of our own type
        newest = {row[0]: HeadRow(*row) for row in rows}
        return tuple(newest.values())

    def lock_head(self, log_id: int) -> HeadRow | None:
        """Lock the head: alone in its statement, so that what follows sees the latest rows."""
        return self._head(log_id, lock=self.dialect.lock)

    def lock_heads_after(self, log_id: int) -> None:
        """Lock the heads of all later logs too, in ascending order, the order of locks.

        What they judge by is about to change for all of them (journal.md 13).
        """
        if self.dialect.lock:
            heads = "SELECT size FROM log_head WHERE log_id > ? ORDER BY log_id, year"
            self._all(heads + self.dialect.lock, (log_id,))

    def has(self, log_id: int, entries: Sequence[bytes]) -> bool:
        """Say whether the log has every entry of these ids; one batch has all of them or none."""
        listed = self.dialect.listed("journal_entry", ("entry_id",), count=len(entries))
        found = self._all(
            f"WITH w(entry_id) AS ({listed}) SELECT count(*) FROM w JOIN journal_entry e"  # noqa: S608 - marks only
            " ON e.log_id = ? AND e.entry_id = w.entry_id",
            (*self.dialect.given([(one,) for one in entries]), log_id),
        )
        counted: int = found[0][0]
        return bool(entries) and counted == len(entries)

    def _head(self, log_id: int, *, lock: str) -> HeadRow | None:
        columns = ", ".join(HeadRow._fields)
        found = self._all(
            f"SELECT {columns} FROM log_head WHERE log_id = ? ORDER BY year DESC LIMIT 1{lock}",  # noqa: S608 - names of our own type
            (log_id,),
        )
        return HeadRow(*found[0]) if found else None

    def open(self, head: HeadRow) -> None:
        """Insert the first head of a log."""
        self._add("log_head", HeadRow._fields, [head])

    def count(self, log_id: int, owners: Mapping[bytes, int]) -> dict[bytes, int]:
        """Advance counters; return the first new number of each owner.

        Rows are written in order of id, the order of locks (journal.md 2.6 rule 1).
        """
        rows = [(log_id, owner, n) for owner, n in sorted(owners.items())]
        statement = self._insert(
            "journal_counter",
            ("log_id", "owner_id", "seq"),
            rows,
            then=" ON CONFLICT (log_id, owner_id) DO UPDATE"
            " SET seq = journal_counter.seq + excluded.seq RETURNING owner_id, seq",
        )
        found = self._all(statement, self.dialect.given(rows))
        return {owner: seq - owners[owner] for owner, seq in found}

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
        columns = ("log_id", "year", "level", "idx", "data")
        self._add("log_tile", columns, [(log_id, year, level, index, data)])

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
