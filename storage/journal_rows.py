"""The statements of one journal batch (journal.md 2.2), over one open transaction.

Plain driver statements with positional parameters: each is set-based, and its text depends
on the number of rows alone, so that drivers keep it prepared. Another database needs another
``Dialect`` here, and not another writer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from vault.clients.protocol import Claim
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.suites import suite_numbered
from vault.errors import ConflictError
from vault.ids import EntryId
from vault.journal.operations import Guarded, RecordWrap, Request, Seen, Spend
from vault.notices import Notice
from vault.records import VersionRef

Row = tuple[Any, ...]

KEYS: Final[Mapping[Guarded, tuple[str, ...]]] = {
    Guarded.GRANT: ("log_id", "holder_id", "grant_id"),
    Guarded.RECORD: ("log_id", "holder_id", "record_id"),
    Guarded.HOLDER: ("log_id", "holder_id"),
    Guarded.CASE: ("log_id", "holder_id", "case_no"),
    Guarded.CLIENT: ("client_id",),
    Guarded.DEPARTMENT: ("department_id",),
    Guarded.POLICY: ("pointer_id",),
}
"""Primary key of each guarded table; ``version`` stands beside it."""


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


@dataclass(frozen=True, slots=True)
class JournalRows:
    """All that the writer says to the database, in one transaction."""

    connection: Connection
    dialect: Dialect = SQLITE

    def lock_head(self, log_id: int) -> HeadRow | None:
        """Lock the head: alone in its statement, so that what follows sees the latest rows."""
        found = self._all(
            "SELECT log_id, year, origin, size, root, frontier, note, last_ms, frozen"
            f" FROM log_head WHERE log_id = ? ORDER BY year DESC LIMIT 1{self.dialect.lock}",
            (log_id,),
        )
        return HeadRow(*found[0]) if found else None

    def claim(self, claims: Sequence[Claim]) -> set[bytes]:
        """Write replay rows; return the hashes of those that were new."""
        if not claims:
            return set()
        rows = [(c.kind, c.key_hash, c.expires_at) for c in claims]
        return {
            found[0]
            for found in self._all(
                "INSERT INTO oauth_replay (kind, key_hash, expires_at) VALUES "
                f"{_rows(len(rows), 3)} ON CONFLICT DO NOTHING RETURNING key_hash",
                _flat(rows),
            )
        }

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block wrote, and only that, when it raises."""
        self._run("SAVEPOINT operation")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK TO SAVEPOINT operation")
            self._run("RELEASE SAVEPOINT operation")
            raise
        self._run("RELEASE SAVEPOINT operation")

    def remember(self, log_id: int, request: Request, *, entry_id: EntryId) -> bytes | None:
        """Write the caller's request id; return the first answer if it was there already.

        Raises:
            ConflictError: The id was used for another request.
        """
        row = (
            log_id,
            request.actor_id,
            request.request_id,
            request.body_hash,
            entry_id,
            request.answer,
        )
        written = self._all(
            "INSERT INTO request_id (log_id, actor_id, request_id, body_hash, entry_id, answer)"
            f" VALUES {_rows(1, 6)} ON CONFLICT DO NOTHING RETURNING entry_id",
            row,
        )
        if written:
            return None
        [(body_hash, answer)] = self._all(
            "SELECT body_hash, answer FROM request_id"
            " WHERE log_id = ? AND actor_id = ? AND request_id = ?",
            row[:3],
        )
        if body_hash != request.body_hash:
            raise ConflictError("this Idempotency-Key was used for another request")
        first: bytes = answer
        return first

    def versions(self, seen: set[Seen]) -> dict[tuple[Guarded, Row], int]:
        """Return the version that each row has now; rows that are gone are left out."""
        found: dict[tuple[Guarded, Row], int] = {}
        for table in {one.table for one in seen}:
            keys = sorted({one.key for one in seen if one.table is table})
            columns = KEYS[table]
            for row in self._all(
                _joined(table.value, columns, ("version",), len(keys)), _flat(keys)
            ):
                found[table, tuple(row[:-1])] = row[-1]
        return found

    def uses(self, spends: set[Spend]) -> dict[Spend, tuple[int, int | None]]:
        """Return how often each was used, and how often it may be."""
        keys = sorted((s.space.log_id, s.space.holder_id, s.grant_id, s.code) for s in spends)
        if not keys:
            return {}
        columns = ("log_id", "holder_id", "grant_id", "code")
        counted = {
            tuple(row[:4]): (row[4], row[5])
            for row in self._all(
                _joined("oauth_use", columns, ("used", "max_uses"), len(keys)), _flat(keys)
            )
        }
        return {
            spend: counted[key]
            for spend in spends
            if (key := (*spend.space, spend.grant_id, spend.code)) in counted
        }

    def spend(self, counts: Mapping[Spend, int]) -> None:
        """Count uses."""
        rows = sorted((n, *s.space, s.grant_id, s.code) for s, n in counts.items())
        self._many(
            "UPDATE oauth_use SET used = used + ?"
            " WHERE log_id = ? AND holder_id = ? AND grant_id = ? AND code = ?",
            rows,
        )

    def notify(self, notices: Sequence[Notice]) -> None:
        """Queue what holders are told."""
        rows = [(*n.space, n.notice_id, n.kind.value, n.entry_id, n.at_ms) for n in notices]
        self._many(
            "INSERT INTO notice (log_id, holder_id, notice_id, kind, entry_id, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )

    def wraps(self, refs: set[VersionRef]) -> dict[VersionRef, RecordWrap]:
        """Return the wrapped keys of record versions, each with the wrap of its parent."""
        keys = sorted((*ref.space, ref.record_id, ref.version) for ref in refs)
        if not keys:
            return {}
        rows = self._all(_wraps_text(len(keys)), _flat(keys))
        by_key = {tuple(row[:4]): row[4:] for row in rows}
        return {
            ref: _record_wrap(ref, row)
            for ref in refs
            if (row := by_key.get((*ref.space, ref.record_id, ref.version)))
        }

    def count(self, log_id: int, owners: Mapping[bytes, int]) -> dict[bytes, int]:
        """Advance counters; return the first new number of each owner.

        Rows are written in order of id, the order of locks (journal.md 2.6 rule 1).
        """
        rows = [(log_id, owner, n) for owner, n in sorted(owners.items())]
        found = self._all(
            f"INSERT INTO journal_counter (log_id, owner_id, seq) VALUES {_rows(len(rows), 3)}"
            " ON CONFLICT (log_id, owner_id) DO UPDATE"
            " SET seq = journal_counter.seq + excluded.seq RETURNING owner_id, seq",
            _flat(rows),
        )
        return {owner: seq - owners[owner] for owner, seq in found}

    def append(self, entries: Sequence[EntryRow]) -> None:
        """Insert the entries of a batch."""
        columns = ", ".join(EntryRow._fields)
        self._many(f"INSERT INTO journal_entry ({columns}) VALUES {_rows(1, 13)}", entries)  # noqa: S608 - column names of our own type

    def add_tile(self, log_id: int, year: int, *, level: int, index: int, data: bytes) -> None:
        """Insert a tile that has just filled; tiles are never rewritten."""
        self._run(
            f"INSERT INTO log_tile (log_id, year, level, idx, data) VALUES {_rows(1, 5)}",
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

    def _all(self, text: str, parameters: Row) -> Sequence[Any]:
        return self.connection.exec_driver_sql(self._marked(text), tuple(parameters)).fetchall()

    def _run(self, text: str, parameters: Row = ()) -> None:
        self.connection.exec_driver_sql(self._marked(text), tuple(parameters))

    def _many(self, text: str, rows: Sequence[Row]) -> None:
        if rows:
            self.connection.exec_driver_sql(self._marked(text), [tuple(row) for row in rows])

    def _marked(self, text: str) -> str:
        return text if self.dialect.mark == "?" else text.replace("?", self.dialect.mark)


@lru_cache(maxsize=4096)
def _rows(count: int, width: int) -> str:
    one = "(" + ", ".join("?" * width) + ")"
    return ", ".join([one] * count)


@lru_cache(maxsize=4096)
def _joined(table: str, keys: tuple[str, ...], wanted: tuple[str, ...], count: int) -> str:
    """Select ``wanted`` for ``count`` keys; the list leads, so each row is one key look-up."""
    columns = ", ".join([f"t.{c}" for c in (*keys, *wanted)])
    match = " AND ".join(f"t.{c} = w.{c}" for c in keys)
    listed = f"WITH w({', '.join(keys)}) AS (VALUES {_rows(count, len(keys))})"
    return f"{listed} SELECT {columns} FROM w CROSS JOIN {table} t WHERE {match}"  # noqa: S608 - names from KEYS


@lru_cache(maxsize=4096)
def _wraps_text(count: int) -> str:
    return (
        "WITH w(log_id, holder_id, record_id, version) AS (VALUES "  # noqa: S608 - constants and marks
        f"{_rows(count, 4)}) SELECT w.log_id, w.holder_id, w.record_id, w.version,"
        " k.parent_version, k.suite, k.wrap, h.version, h.parent_version, h.suite, h.wrap, h.state"
        " FROM w CROSS JOIN record_key k CROSS JOIN holder_key h"
        " WHERE k.log_id = w.log_id AND k.holder_id = w.holder_id"
        " AND k.record_id = w.record_id AND k.version = w.version"
        " AND h.log_id = w.log_id AND h.holder_id = w.holder_id"
        " AND h.purpose = 'holder-data-key' AND h.version = k.parent_version"
    )


def _flat(rows: Sequence[Sequence[Any]]) -> Row:
    return tuple(value for row in rows for value in row)


def _record_wrap(ref: VersionRef, row: Row) -> RecordWrap:
    record_parent, record_suite, record_wrap, version, parent, suite, wrap, state = row
    return RecordWrap(
        ref=ref,
        record_key=WrappedKey(
            purpose=Purpose.RECORD_KEY,
            owner_id=ref.record_id,
            name="",
            version=ref.version,
            parent_version=record_parent,
            suite=suite_numbered(record_suite),
            wrap=record_wrap,
            state=WrapState.LIVE,
        ),
        data_key=WrappedKey(
            purpose=Purpose.HOLDER_DATA_KEY,
            owner_id=ref.space.holder_id,
            name="",
            version=version,
            parent_version=parent,
            suite=suite_numbered(suite),
            wrap=wrap,
            state=WrapState(state),
        ),
    )
