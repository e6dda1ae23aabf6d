"""Opens the database that the settings name: the embedded file, or a server's."""

import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from api.settings import MAX_LOGS, PostgresqlSettings, Settings
from storage.database import LOOP, MODE, READS, Database, answering
from storage.failures import ConfigurationError
from storage.migrate import prepare_shared, refuse_newer
from storage.postgresql import Server, open_postgresql
from storage.server_rules import ServerState, refuse_unsafe, server_state
from storage.sqlite import open_sqlite, open_sqlite_beside

OTHER_THREADS: Final = 4
"""Connections beside those of request threads: event loop, housekeeping, gateway, operator."""


def server_of(settings: PostgresqlSettings) -> Server:
    """Return the server that the settings name, with the password read from its file.

    Raises:
        ConfigurationError: The address is none, or the file cannot be read or is open to others.
    """
    if settings.password_file is None:
        return Server(address=settings.address)
    return Server(address=settings.address, password=_password(settings.password_file))


def opened_database(settings: Settings) -> AbstractContextManager[Database]:
    """Open the database to serve from; an empty one gets its tables.

    Raises:
        StorageError: It cannot be opened, does not answer, is of a schema that this program does
            not serve, or its server is unsafe. The message says which.
    """
    if settings.postgresql is None:
        return open_sqlite(
            settings.database, threads=settings.limits.request_threads + OTHER_THREADS
        )
    return _opened_server(settings, settings.postgresql)


@contextmanager
def opened_to_read(settings: Settings) -> Iterator[Database]:
    """Open the database beside those that serve from it; nothing is made or changed.

    Raises:
        StorageError: It cannot be opened, or a newer program wrote it.
    """
    if settings.postgresql is None:
        with open_sqlite_beside(settings.database) as database:
            refuse_newer(database.engine)
            yield database
        return
    with open_postgresql(server_of(settings.postgresql), threads=1) as database:
        refuse_newer(database.engine)
        yield database


def look_at_server(settings: Settings) -> ServerState | None:
    """Look at the server that the settings name, good or not; ``None`` if they name none.

    Raises:
        StorageError: It does not answer, or does not let us in.
    """
    if settings.postgresql is None:
        return None
    with open_postgresql(server_of(settings.postgresql), threads=1) as database:
        return _state(database)


def connections_wanted(settings: Settings) -> int:
    """Return how many connections one process opens at most."""
    threads = settings.limits.request_threads + OTHER_THREADS
    return 2 * threads + LOOP + (settings.logs or 1)


@contextmanager
def _opened_server(settings: Settings, chosen: PostgresqlSettings) -> Iterator[Database]:
    threads = settings.limits.request_threads + OTHER_THREADS
    with open_postgresql(server_of(chosen), threads=threads, writers=MAX_LOGS) as database:
        refuse_unsafe_server(database, chosen)
        prepare_shared(database.journal)
        yield database


def refuse_unsafe_server(database: Database, chosen: PostgresqlSettings) -> None:
    """Refuse a server on which an acknowledged entry could be lost.

    Raises:
        StorageError: It is one, or does not answer; the message says what is wrong.
    """
    refuse_unsafe(_state(database), standby_required=chosen.standby)


def _state(database: Database) -> ServerState:
    engine = database.engine.execution_options(**{MODE: READS})
    with answering(), engine.connect() as connection, connection.begin():
        return server_state(connection)


def _password(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError(f"the password file {path} is open to others: chmod 600 it")
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the password file {path} cannot be read") from error
