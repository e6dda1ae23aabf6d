"""Opens a PostgreSQL server's database, for any number of processes (journal.md 2.5).

Every transaction is begun by us: the driver stands on autocommit and never begins one behind
our back. Reads are of one moment (REPEATABLE READ, READ ONLY); what writes is READ COMMITTED,
so that the statement after the lock sees what the holder of the lock before has committed. A
commit that is not known to be as durable as was asked for is an open outcome.
"""

import select
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

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
from storage.failures import ConfigurationError, OutcomeOpenError
from storage.lanes import Far, Lanes
from vault.errors import StorageError

READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
LOCKING: Final = (
    f"{WRITING}; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '3s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '2s'"
)
"""How a batch begins: whoever stops while it holds the head gives it up after two seconds."""

CONNECT_SECONDS: Final = 5
PROVEN: Final = "scram-sha-256"
"""How a server may ask for a password: it learns whether we know it, and not what it is."""

_BEGIN: Final = {READS: READING, JOURNAL: LOCKING}
_WARNINGS: Final = "vault_warnings"
_SESSION: Final[Mapping[str, Any]] = {
    "autocommit": True,  # The driver must not begin transactions behind our back.
    "prepare_threshold": 1,
    "target_session_attrs": "read-write",  # Guards read on the primary only.
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "application_name": "myspace",
    "options": "-c lock_timeout=5s -c statement_timeout=30s -c timezone=UTC"
    " -c idle_in_transaction_session_timeout=30s"
    # A proof that was spent or a code that was used stays so through a crash, whatever the
    # server's own default is.
    " -c synchronous_commit=on"
    # Every statement finds its rows by keys, so one plan is right for all values.
    " -c plan_cache_mode=force_generic_plan -c jit=off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a database is, and who we are there.

    Attributes:
        address: ``postgresql://user@host:port/database``; never with a password.
        password: Empty where the server knows us without one.
    """

    address: str
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no address, and a password where everybody reads it.

        Raises:
            ConfigurationError: Such an address; the message says what is wrong with it.
        """
        try:
            told = conninfo_to_dict(self.address)
        except psycopg.ProgrammingError as error:
            raise ConfigurationError("this is no address of a PostgreSQL database") from error
        if not self.address.startswith(("postgresql://", "postgres://")) or not told.get("dbname"):
            raise ConfigurationError(
                "a PostgreSQL address is postgresql://user@host:port/database"
            )
        if told.get("password"):
            raise ConfigurationError("a password does not belong into an address: name its file")

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect to the server that takes writes, where the address names several.

        A password is proven, never sent: whoever answers in the server's place would read it.
        An address may name another way with ``require_auth``.

        Raises:
            psycopg.OperationalError: No such server answers, or it does not let us in.
        """
        named = conninfo_to_dict(self.address).get("require_auth")
        return psycopg.connect(
            self.address,
            **_SESSION,
            password=self.password or None,
            require_auth=named or (PROVEN if self.password else None),
        )


class Postgresql:
    """Implements ``storage.database.Kind``: the server orders those that write."""

    shared: Final = True

    def turn(self, *, first: bool) -> AbstractContextManager[None]:
        """See ``storage.database.Kind``: nobody waits here."""
        del first
        return nullcontext()

    def refuse_undone(self, connection: Connection) -> None:
        """See ``storage.database.Kind``: the server answers such a COMMIT with a ROLLBACK."""
        raw = connection.connection.dbapi_connection
        status = None if raw is None else raw.info.transaction_status
        if status != TransactionStatus.INTRANS:
            connection.invalidate()
            raise StorageError("the database gave the transaction up: nothing was written")

    def refuse_doubtful(self, connection: Connection) -> None:
        """See ``storage.database.Kind``: a commit that the standby did not confirm warns."""
        warnings = connection.connection.info.get(_WARNINGS)
        if warnings:
            told = "; ".join(warnings)
            warnings.clear()
            connection.invalidate()
            raise OutcomeOpenError(f"a commit came back with a warning: {told}")


@contextmanager
def open_postgresql(
    server: Server, *, threads: int = THREADS, writers: int = 1
) -> Iterator[Database]:
    """Open the database of ``server``; its schema is the caller's business.

    Args:
        server: Address and password.
        threads: Request threads; each of the two pools has as many connections.
        writers: Journal writers of this process, one a log; each has a connection of its own.

    Raises:
        StorageError: It does not answer, or does not let us in.
    """
    engine = _engine(server, size=threads)
    journal = _engine(server, size=writers)
    reads = _engine(server, size=threads + LOOP)
    lanes = Lanes(reads, limit=threads + LOOP, far=Far(begin=READING, ended=_has_ended))
    try:
        yield Database(engine=engine, journal=journal, lanes=lanes, kind=Postgresql())
    finally:
        lanes.close()
        for one in (engine, journal, reads):
            one.dispose()


def _engine(server: Server, *, size: int) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=server.connect,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        use_native_hstore=False,
        hide_parameters=True,  # No value may reach a log through an error's text.
    )

    @event.listens_for(engine, "connect")
    def connected(raw: Any, record: Any) -> None:  # noqa: ANN401 - the driver's connection
        raw.prepared_max = STATEMENTS
        warnings = record.info[_WARNINGS] = list[str]()

        def noticed(diagnostic: Diagnostic) -> None:
            if diagnostic.severity_nonlocalized == "WARNING":
                warnings.append(diagnostic.message_primary or "no words")

        raw.add_notice_handler(noticed)

    @event.listens_for(engine, "checkout")
    def handed_out(raw: Any, _record: Any, _proxy: Any) -> None:  # noqa: ANN401 - the driver's connection
        if _has_ended(raw):  # Nothing was said on it yet, so another one does as well.
            raise InvalidatePoolError

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        _begin(connection)

    return engine


def _has_ended(raw: psycopg.Connection[Any]) -> bool:
    """Say whether the server has closed a connection that nobody used: without asking it.

    Between transactions a server says nothing but that it goes, so one look at the socket does.
    """
    if raw.closed:
        return True
    looking = select.poll()
    looking.register(raw.fileno(), select.POLLIN)
    return bool(looking.poll(0))


def _begin(connection: Connection) -> None:
    proxied = connection.connection
    raw = proxied.dbapi_connection
    if raw is None:
        raise StorageError("the database connection is closed")
    proxied.info[_WARNINGS].clear()
    mode = connection.get_execution_options().get(MODE, WRITES)
    raw.execute(_BEGIN.get(mode, WRITING))
