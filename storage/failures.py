"""What a database error means to the vault: one mapping, so that no driver error leaves here."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vault.errors import ConflictError, StorageError, VaultError

DatabaseFailure: Final = (SQLAlchemyError, sqlite3.Error)
"""What the database layer raises, and what ``failure`` takes."""

RuleBroken: Final = (IntegrityError, sqlite3.IntegrityError)
"""A row is there already, or a rule of the database forbids it."""

_SENTENCES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full: nothing was written",
    sqlite3.SQLITE_BUSY: "the database is busy",
    sqlite3.SQLITE_LOCKED: "the database is busy",
    sqlite3.SQLITE_READONLY: "this unit of work may only read",
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the database file is no database",
}
_PRIMARY: Final = 0xFF
"""SQLite keeps the class of an error in the low byte of its extended code."""


class OutcomeOpenError(StorageError):
    """A commit was answered by an error, and may have happened all the same."""


class NoRoomError(StorageError):
    """The disk is full; nothing was written."""


class DamagedError(StorageError):
    """The database file is not what the database wrote."""


class InUseError(StorageError):
    """Another process has the data folder open."""


class NewerDataError(StorageError):
    """A newer program wrote these data."""


class OutOfReachError(StorageError):
    """The data folder is not there, not ours, or may only be read."""


_KINDS: Final = {
    sqlite3.SQLITE_FULL: NoRoomError,
    sqlite3.SQLITE_CANTOPEN: OutOfReachError,
    sqlite3.SQLITE_CORRUPT: DamagedError,
    sqlite3.SQLITE_NOTADB: DamagedError,
}
"""What the operator mends, by what the database says."""


def failure(error: Exception) -> VaultError:
    """Return what to raise for a database error; raise the result ``from`` it."""
    if isinstance(error, RuleBroken):
        return ConflictError("somebody else was first, or a rule of the database forbids it")
    if isinstance(error, PoolTimeout):
        return StorageError("all database connections are in use")
    code = _code(error)
    kind = _KINDS.get(code, StorageError)
    return kind(_SENTENCES.get(code, "the database does not answer"))


def commit_failure(error: Exception) -> VaultError:
    """Return what to raise for an error of COMMIT itself.

    A full disk and a broken rule are known to leave nothing behind. After any other error,
    such as a failed fsync, what is in the file shows only at the next start.
    """
    settled = isinstance(error, RuleBroken)
    if settled or _code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
        return failure(error)
    return OutcomeOpenError("the answer to a commit was lost")


def outcome_open(error: Exception) -> bool:
    """Say whether ``error`` leaves open whether the transaction was committed."""
    return isinstance(error, OutcomeOpenError)


def _code(error: Exception) -> int:
    found = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(found, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else -1
