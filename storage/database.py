"""An open database, whichever kind it is: what the rest of ``storage`` stands on.

Two kinds are there: one SQLite file for one process (``storage.sqlite``), and a PostgreSQL
server for any number of them (``storage.postgresql``). All that only one kind understands
stands in its module, in ``storage.dialects``, in ``storage.failures`` and in the migrations.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from sqlalchemy import Connection, Engine

from storage.failures import DatabaseFailure, failure
from storage.lanes import Lanes
from storage.row_guard import RowGuard

THREADS: Final = 40
"""Request threads that may hold a connection at once, unless a setting says otherwise."""

LOOP: Final = 1
"""The event loop reads too: the pull route prepares there (ADR 0014)."""

POOL_SECONDS: Final = 5.0
STATEMENTS: Final = 1024
"""Prepared statements that a connection keeps; the journal's differ by number of rows."""

MODE: Final = "vault_mode"
READS: Final = "reads"
WRITES: Final = "writes"
JOURNAL: Final = "journal"


class Kind(Protocol):
    """What one kind of database does its own way."""

    @property
    def shared(self) -> bool:
        """Whether several processes may have it open."""
        ...

    def turn(self, *, first: bool) -> AbstractContextManager[None]:
        """Wait for one's turn to write; ``first`` goes before all that wait."""
        ...

    def refuse_undone(self, connection: Connection) -> None:
        """Refuse to commit what the database has rolled back by itself.

        Raises:
            StorageError: The transaction is gone; nothing was written.
        """
        ...

    def refuse_doubtful(self, connection: Connection) -> None:
        """Look at how a commit came back.

        Raises:
            OutcomeOpenError: It is not known to be as durable as was asked for.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An open database.

    Attributes:
        engine: Pool of connections for request threads.
        journal: The journal writers' own connections, outside that pool.
        lanes: Connections that only read, outside that pool too.
        kind: What this kind of database does its own way.
        guard: Lets guarded rows become values, once it has its key.
    """

    engine: Engine = field(repr=False)
    journal: Engine = field(repr=False)
    lanes: Lanes = field(repr=False)
    kind: Kind = field(repr=False)
    guard: RowGuard = field(default_factory=RowGuard, repr=False)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what the database raises inside the block into what the vault understands."""
    try:
        yield
    except DatabaseFailure as error:
        raise failure(error) from error
