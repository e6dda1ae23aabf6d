"""Brings a database to the schema of this program, in one transaction, or refuses it.

A database that several processes share is migrated while they serve: a migration only adds
(expand), and what nobody uses any more is removed by a later release (contract). ``OLDEST`` is
the oldest schema that this program serves; the database says which programs may still serve it.
"""

import time
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from storage.failures import (
    BusyError,
    DatabaseFailure,
    NewerDataError,
    OlderDataError,
    failure,
)
from vault.errors import StorageError

MIGRATING: Final = 0x6D7973706163
"""The server's lock for whoever changes the schema: the letters of our own name."""

OLDEST: Final = "0014"
"""The oldest schema that this program can serve, with what came later left unused.

Every sign-in and token is read with who signed in; housekeeping visits the tables of
registration and of passkeys, every sign-in is read with its mandate, every grant with its
parent, every process signs with the keys that stand in theirs and draws one for hints, a consent
asks which passkeys there are, every guarded row is read with its hash, every pull opens a
use-receipt, and every access is read with what was demanded about it.
"""

TRIES: Final = 60
AGAIN_SECONDS: Final = 0.5

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, *, to: str = "head") -> None:
    """Run every migration up to ``to`` that ``engine``'s database has not had yet.

    On a shared server a migration that would wait for a table steps back and tries again, so
    that nobody's request waits behind it.

    Raises:
        StorageError: A newer program wrote it, or a migration failed; nothing was changed.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _upgrade(engine, to=to)
        except BusyError:
            if not tries_left:
                raise
            time.sleep(AGAIN_SECONDS)
    return None


def _upgrade(engine: Engine, *, to: str) -> None:
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # One process at a time; SQLite has one.
                connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
                connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            found = _current(connection)
            if found == head():
                return
            _refuse_newer(found)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except DatabaseFailure as error:
        raise failure(error) from error


def prepare_shared(engine: Engine, *, oldest: str = OLDEST) -> None:
    """Make the tables of an empty database; another one must be of schema ``oldest`` or later.

    Raises:
        OlderDataError: It has to be migrated first.
        NewerDataError: A newer program migrated it past what this one serves.
        StorageError: It cannot be read, or a migration failed.
    """
    found = current(engine)
    if found is None:
        upgrade(engine)
        return
    refuse_newer(engine)
    if found in _known() and found not in _served(oldest):
        raise OlderDataError(f"the database is of an older schema ({found}); run: myspace migrate")


def current(engine: Engine) -> str | None:
    """Return the revision of a database, or ``None`` for an empty one.

    Raises:
        StorageError: It cannot be read.
    """
    try:
        with engine.connect() as connection:
            return _current(connection)
    except DatabaseFailure as error:
        raise failure(error) from error


def refuse_newer(engine: Engine) -> None:
    """Refuse a database that a newer program wrote; an older one is read as it is.

    A newer schema that only adds says so itself, and is served all the same.

    Raises:
        NewerDataError: This program does not know its schema, nor does the schema know it.
        StorageError: It cannot be read.
    """
    found = current(engine)
    if found is not None and found not in _known() and _floor(engine) not in _known():
        _refuse_newer(found)


def _floor(engine: Engine) -> str | None:
    """Return the oldest program that may serve a database, as it says itself."""
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("schema_floor"):
                return None
            found = connection.exec_driver_sql("SELECT oldest FROM schema_floor").scalar()
            return None if found is None else str(found)
    except DatabaseFailure as error:
        raise failure(error) from error


@cache
def head() -> str:
    """Return the revision that this program works with."""
    found = _scripts().get_current_head()
    if found is None:
        raise StorageError("the program has no migrations")
    return found


def heads() -> tuple[str, ...]:
    """Return the ends of the chain of migrations; a second one would leave it open which runs."""
    return tuple(_scripts().get_heads())


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


@cache
def _served(oldest: str) -> frozenset[str]:
    """Return the revisions from ``oldest`` to the newest."""
    newer = _scripts().iterate_revisions("head", oldest)
    return frozenset(one.revision for one in newer) | {oldest}


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in _known():
        raise NewerDataError(
            f"a newer version of this program wrote these data (schema {found}); "
            "run that version, or restore a backup made by this one"
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
