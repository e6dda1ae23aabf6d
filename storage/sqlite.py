"""Opens the database of the embedded default: one SQLite file, one process, nothing lost.

Write-ahead log with ``synchronous=FULL``: what was committed is on the disk. Transactions are
begun by us, never by the driver: plain BEGIN to read, BEGIN IMMEDIATE to write. A lock file
keeps a second process out.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from storage.database import (
    JOURNAL,
    LOOP,
    MODE,
    POOL_SECONDS,
    READS,
    STATEMENTS,
    THREADS,
    WRITES,
    Database,
)
from storage.failures import InUseError, OutOfReachError
from storage.lanes import Lanes
from storage.migrate import upgrade
from storage.turns import Turns
from vault.errors import StorageError

LOCK_FILE: Final = "vault.lock"

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # Else INSERT OR REPLACE deletes past the triggers.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)


class Sqlite:
    """Implements ``storage.database.Kind``: one writer at a time, each in its turn."""

    shared: Final = False

    def __init__(self) -> None:
        """Start with nobody writing."""
        self.turns = Turns()

    def turn(self, *, first: bool) -> AbstractContextManager[None]:
        """See ``storage.database.Kind``."""
        return self.turns.turn(first=first)

    def refuse_undone(self, connection: Connection) -> None:
        """See ``storage.database.Kind``: a full disk is such a case."""
        raw = connection.connection.dbapi_connection
        if raw is None or not getattr(raw, "in_transaction", True):
            connection.invalidate()
            raise StorageError("the database gave the transaction up: nothing was written")

    def refuse_doubtful(self, connection: Connection) -> None:
        """See ``storage.database.Kind``: with ``synchronous=FULL`` a commit is one."""


@contextmanager
def open_sqlite(path: Path, *, threads: int = THREADS) -> Iterator[Database]:
    """Open the database at ``path`` for this process alone; make or upgrade it if need be.

    Args:
        path: The file. Its folder is made if it is not there, and closed to other users.
        threads: Request threads; the pool has as many connections.

    Raises:
        StorageError: Another process has the folder, a newer program wrote it, or the disk
            does not take what is needed. The message says which.
    """
    _prepare(path)
    with _alone(path.parent / LOCK_FILE), _engines(path, threads=threads) as database:
        upgrade(database.journal)
        yield database


@contextmanager
def open_sqlite_beside(path: Path) -> Iterator[Database]:
    """Open an existing database to read, also beside the process that has it open.

    Raises:
        StorageError: There is none, or it cannot be read.
    """
    if not path.is_file():
        raise OutOfReachError(f"there is no database at {path}")
    with _engines(path, threads=1, reads_only=True) as database:
        yield database


@contextmanager
def _engines(path: Path, *, threads: int, reads_only: bool = False) -> Iterator[Database]:
    engine = _engine(path, size=threads, reads_only=reads_only)
    journal = _engine(path, size=1, reads_only=reads_only)
    reads = _engine(path, size=threads + LOOP, reads_only=True)
    lanes = Lanes(reads, limit=threads + LOOP)
    try:
        yield Database(engine=engine, journal=journal, lanes=lanes, kind=Sqlite())
    finally:
        lanes.close()
        for one in (engine, journal, reads):
            one.dispose()


def _engine(path: Path, *, size: int, reads_only: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        connect_args={"cached_statements": STATEMENTS},
        hide_parameters=True,  # No value may reach a log through an error's text.
    )

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's connection
        raw.isolation_level = None  # The driver must not begin transactions behind our back.
        if raw.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StorageError("the database needs a local disk: this one has no write-ahead log")
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        raw.execute(f"PRAGMA query_only = {int(reads_only)}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        _begin(connection, reads_only=reads_only)

    return engine


def _begin(connection: Connection, *, reads_only: bool) -> None:
    """Begin as the mode of this connection says; reads are held to reading by the database."""
    proxied = connection.connection
    raw, info = proxied.dbapi_connection, proxied.info
    if raw is None:
        raise StorageError("the database connection is closed")
    mode = connection.get_execution_options().get(MODE)
    query_only = reads_only or mode == READS
    if info.get(MODE) != query_only:
        raw.execute(f"PRAGMA query_only = {int(query_only)}")
        info[MODE] = query_only
    raw.execute("BEGIN IMMEDIATE" if mode in {WRITES, JOURNAL} else "BEGIN")


def _prepare(path: Path) -> None:
    """Make folder and file with modes 0700 and 0600; the log beside it inherits the file's."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise OutOfReachError(f"the data folder {path.parent} cannot be used") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock file; it goes with the process, however that ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUseError(
                f"another process has the data folder {path.parent} open; stop it first"
            ) from error
        yield
    finally:
        os.close(descriptor)
