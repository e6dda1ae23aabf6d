"""What a PostgreSQL server must be like for a commit to be one (journal.md 2.5)."""

from typing import Final, NamedTuple

from sqlalchemy import Connection

from storage.failures import ConfigurationError

OLDEST: Final = 150000
"""PostgreSQL 15, as ``server_version_num`` has it."""

DEAD_HEADS: Final = 10_000
"""Old versions of the head's row that show that somebody holds an old snapshot open."""


class ServerState(NamedTuple):
    """What was found on a server; ``on`` and ``off`` have become truth values.

    Attributes:
        standbys: ``synchronous_standby_names``.
        replica: It follows another server and takes no writes.
        dead_heads: Dead versions of ``log_head``, 0 where there is no such table yet.
    """

    version: int
    encoding: str
    fsync: bool
    full_page_writes: bool
    standbys: str
    replica: bool
    superuser: bool
    connections: int
    dead_heads: int

    def fault(self, *, standby_required: bool) -> str:
        """Return why nothing may be kept on this server; empty if it may."""
        faults = {
            "the database server is older than PostgreSQL 15": self.version < OLDEST,
            "the database must be of encoding UTF8": self.encoding != "UTF8",
            "the database server runs with fsync = off: a commit would not be durable": (
                not self.fsync
            ),
            "the database server runs with full_page_writes = off: a crash could tear pages": (
                not self.full_page_writes
            ),
            "this database server is a standby and takes no writes": self.replica,
            "no synchronous standby is named, and the settings ask for one": (
                standby_required and not self.standbys
            ),
        }
        return next((fault for fault, found in faults.items() if found), "")


def server_state(connection: Connection) -> ServerState:
    """Look at the server behind ``connection``."""
    row = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int,"
        " pg_encoding_to_char(d.encoding), current_setting('fsync')::bool,"
        " current_setting('full_page_writes')::bool, current_setting('synchronous_standby_names'),"
        " pg_is_in_recovery(), current_setting('is_superuser')::bool,"
        " current_setting('max_connections')::int,"
        " coalesce((SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'log_head'), 0)"
        " FROM pg_database d WHERE d.datname = current_database()"
    ).one()
    return ServerState(*row)


def refuse_unsafe(state: ServerState, *, standby_required: bool) -> None:
    """Refuse a server on which an acknowledged entry could be lost.

    Raises:
        ConfigurationError: The first thing that is wrong with it.
    """
    fault = state.fault(standby_required=standby_required)
    if fault:
        raise ConfigurationError(fault)
