"""What the database says, and what it means to the vault."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.failures import (
    BusyError,
    DamagedError,
    NoRoomError,
    OutcomeOpenError,
    OutOfReachError,
    commit_failure,
    failure,
)
from vault.errors import ConflictError, StorageError, VaultError


def error_of(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("with a value in it")
    error.sqlite_errorcode = code
    return error


def wrapped(error: Exception, *, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("INSERT", {}, error)


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (error_of(sqlite3.SQLITE_FULL), NoRoomError, "the disk is full: nothing was written"),
        (error_of(sqlite3.SQLITE_CORRUPT), DamagedError, "the database file is damaged"),
        (error_of(sqlite3.SQLITE_CANTOPEN), OutOfReachError, "the database cannot be opened"),
        (error_of(sqlite3.SQLITE_BUSY), BusyError, "the database is busy"),
        (error_of(sqlite3.SQLITE_IOERR_FSYNC), StorageError, "the disk does not answer"),
        (wrapped(error_of(sqlite3.SQLITE_READONLY)), StorageError, "may only read"),
        (sqlite3.IntegrityError("UNIQUE"), ConflictError, "somebody else was first"),
        (wrapped(Exception(), kind=IntegrityError), ConflictError, "somebody else was first"),
        (PoolTimeout(), StorageError, "all database connections are in use"),
        (sqlite3.ProgrammingError("bug"), StorageError, "the database does not answer"),
    ],
)
def test_an_error_of_the_database_is_told_in_a_sentence(
    error: Exception, kind: type[VaultError], sentence: str
) -> None:
    told = failure(error)

    assert type(told) is kind
    assert sentence in str(told)
    assert "value" not in str(told)


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (error_of(sqlite3.SQLITE_FULL), True),
        (error_of(sqlite3.SQLITE_BUSY), True),
        (sqlite3.IntegrityError("FOREIGN KEY"), True),
        (error_of(sqlite3.SQLITE_IOERR), False),
        (error_of(sqlite3.SQLITE_IOERR_FSYNC), False),
        (error_of(sqlite3.SQLITE_CORRUPT), False),
    ],
)
def test_only_some_errors_of_a_commit_say_that_it_did_not_happen(
    error: Exception, *, known: bool
) -> None:
    told = commit_failure(error)

    assert isinstance(told, OutcomeOpenError) is not known
