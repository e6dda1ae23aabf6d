"""What a database error means to the vault: one mapping, so that no driver error leaves here."""

import sqlite3
from collections.abc import Mapping
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vault.errors import ConflictError, StorageError, VaultError

DatabaseFailure: Final = (SQLAlchemyError, sqlite3.Error, psycopg.Error)
"""What the database layer raises, and what ``failure`` takes."""

RuleBroken: Final = (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)
"""A row is there already, or a rule of the database forbids it."""


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


class OlderDataError(StorageError):
    """The database has not been migrated to a schema that this program serves."""


class OutOfReachError(StorageError):
    """The data folder is not there, not ours, or may only be read."""


class BusyError(StorageError):
    """Somebody else holds what was asked for; asking again may do."""


class GoneError(StorageError):
    """The database server does not answer; it may come back."""


class ConfigurationError(StorageError):
    """The database or its address is not as it must be: somebody has to change a setting."""


_Said = tuple[type[StorageError], str]
"""What to raise, and its sentence."""

_BUSY: Final[_Said] = (BusyError, "the database is busy")
_READ_ONLY: Final[_Said] = (StorageError, "this unit of work may only read")
_STOPPING: Final[_Said] = (GoneError, "the database server is stopping or starting")

_SQLITE: Final[Mapping[int, _Said]] = {
    sqlite3.SQLITE_FULL: (NoRoomError, "the disk is full: nothing was written"),
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: (StorageError, "the disk does not answer as it should"),
    sqlite3.SQLITE_CANTOPEN: (OutOfReachError, "the database cannot be opened"),
    sqlite3.SQLITE_CORRUPT: (DamagedError, "the database file is damaged"),
    sqlite3.SQLITE_NOTADB: (DamagedError, "the database file is no database"),
}
_PRIMARY: Final = 0xFF
"""SQLite keeps the class of an error in the low byte of its extended code."""

_POSTGRESQL: Final[Mapping[str, _Said]] = {
    "25006": _READ_ONLY,
    "25P03": _BUSY,  # We stood still while we held the head; the server took it from us.
    "28000": (ConfigurationError, "the database server does not know this user"),
    "28P01": (ConfigurationError, "the database server refuses the password"),
    "3D000": (ConfigurationError, "the database server has no database of this name"),
    "40001": _BUSY,
    "40P01": _BUSY,
    "42501": (ConfigurationError, "the database role lacks a right that the program needs"),
    "42P01": (ConfigurationError, "the database has no tables of this program: run migrate"),
    "53100": (NoRoomError, "the disk of the database server is full: nothing was written"),
    "53200": (StorageError, "the database server is out of memory"),
    "53300": (StorageError, "the database server has no connection left for us"),
    "55P03": _BUSY,
    "57014": _BUSY,
    "57P01": _STOPPING,
    "57P02": _STOPPING,
    "57P03": _STOPPING,
    "58030": (StorageError, "the disk of the database server does not answer as it should"),
}
"""What is raised for an SQLSTATE (PostgreSQL, appendix A)."""

_SPOKEN: Final[tuple[tuple[str, _Said], ...]] = (
    ("password", _POSTGRESQL["28P01"]),
    ("no pg_hba.conf entry", _POSTGRESQL["28000"]),
    ("role", _POSTGRESQL["28000"]),
    ("too many", _POSTGRESQL["53300"]),
    ("remaining connection slots", _POSTGRESQL["53300"]),
    ("does not exist", _POSTGRESQL["3D000"]),
    ("permission denied for database", _POSTGRESQL["42501"]),
    ("starting up", _STOPPING),
    ("shutting down", _STOPPING),
    ("in recovery", _STOPPING),
)
"""How a server that refuses a connection says why: libpq hands on its words, not its SQLSTATE."""

_UNPROVEN: Final[_Said] = (
    ConfigurationError,
    "the database server asks for the password otherwise than by SCRAM",
)
_SILENT: Final[_Said] = (GoneError, "the database server does not answer")
_UNKNOWN: Final[_Said] = (StorageError, "the database does not answer")


def failure(error: Exception) -> VaultError:
    """Return what to raise for a database error; raise the result ``from`` it."""
    if isinstance(error, RuleBroken):
        return ConflictError("somebody else was first, or a rule of the database forbids it")
    if isinstance(error, PoolTimeout):
        return StorageError("all database connections are in use")
    kind, sentence = _said(error)
    return kind(sentence)


def commit_failure(error: Exception) -> VaultError:
    """Return what to raise for an error of COMMIT itself.

    A full disk and a broken rule are known to leave nothing behind. After any other error,
    such as a failed fsync, what is in the file shows only at the next start.
    """
    settled = isinstance(error, RuleBroken)
    if settled or _code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
        return failure(error)
    return OutcomeOpenError("the answer to a commit was lost")


def _said(error: Exception) -> _Said:
    found = _driver_error(error)
    if isinstance(found, psycopg.Error):
        return _said_by_postgresql(found)
    return _SQLITE.get(_code(error), _UNKNOWN)


def _said_by_postgresql(error: psycopg.Error) -> _Said:
    if error.sqlstate is not None:
        return _POSTGRESQL.get(error.sqlstate, _UNKNOWN)
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return _UNKNOWN
    text = str(error)
    if "authentication method requirement" in text:  # Said by libpq, before it sends anything.
        return _UNPROVEN
    if "FATAL" not in text:
        return _SILENT
    return next((said for words, said in _SPOKEN if words in text), _SILENT)


def _driver_error(error: BaseException) -> BaseException:
    return error.orig or error if isinstance(error, DBAPIError) else error


def _code(error: Exception) -> int:
    code = getattr(_driver_error(error), "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else -1
