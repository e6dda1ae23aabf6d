"""How a journal writer reaches its database, and finds out what became of a lost commit."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import Connection

from storage.database import Database
from storage.log_rows import LogRows
from storage.row_guard import RowGuard
from storage.unit_of_work import journal_transactions, read_transactions
from vault.errors import StorageError
from vault.ids import EntryId

RESOLVE_SECONDS: Final = 5.0
"""How long it may take to find out what became of a commit."""

AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How the writer reaches the database.

    Attributes:
        transaction: Opens a write transaction on a connection of its own, in turn with other
            writers, the journal first; commits when the block ends without error.
        reading: Opens a transaction that only reads.
        shared: Whether other processes write to the log too, and the database outlives this one.
        guard: Has the key of the guarded rows.
    """

    transaction: Callable[[], AbstractContextManager[Connection]]
    reading: Callable[[], AbstractContextManager[Connection]]
    shared: bool
    guard: RowGuard

    @classmethod
    def to(cls, database: Database) -> Self:
        """Return the way to ``database``."""
        return cls(
            transaction=journal_transactions(database),
            # Its own: it must not wait until a request gives a connection back.
            reading=read_transactions(database, source=database.journal),
            shared=database.kind.shared,
            guard=database.guard,
        )


def has_happened(writing: Writing, *, log_id: int, entries: Sequence[EntryId]) -> bool | None:
    """Say whether a lost transaction was committed; ``None`` where nobody can say in time.

    Locking the head waits until that transaction has ended, for it held the same row. What ends
    this one is a COMMIT, not a ROLLBACK: only that waits for the standby, and so for what came
    before it in the server's own log (journal.md 2.4).

    Args:
        writing: The way to the database.
        log_id: The log.
        entries: Ids of the entries that the transaction wrote.
    """
    if not entries:
        return False
    until = time.monotonic() + RESOLVE_SECONDS
    while time.monotonic() < until:
        try:
            with writing.transaction() as connection:
                rows = LogRows(connection)
                rows.lock_head(log_id)
                found = rows.has(log_id, entries)
        except StorageError:
            time.sleep(AGAIN_SECONDS)
        else:
            return found
    return None
