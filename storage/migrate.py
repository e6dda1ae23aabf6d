"""Brings a database to the schema of this program, in one transaction, or refuses it."""

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from storage.failures import DatabaseFailure, NewerDataError, failure
from vault.errors import StorageError

MIGRATING: Final = 0x6D7973706163
"""The server's lock for whoever changes the schema: the letters of our own name."""

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Run every migration that ``engine``'s database has not had yet.

    Raises:
        StorageError: A newer program wrote it, or a migration failed; nothing was changed.
    """
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # One process at a time; SQLite has one.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
            found = _current(connection)
            if found == head():
                return
            _refuse_newer(found)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DatabaseFailure as error:
        raise failure(error) from error


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

    Raises:
        NewerDataError: This program does not know its schema.
        StorageError: It cannot be read.
    """
    _refuse_newer(current(engine))


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
