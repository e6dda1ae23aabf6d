"""Opens a data folder to read, beside a server or without one; makes and changes nothing."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from api.databases import opened_to_read
from api.deployment import key_provider, row_macs
from api.settings import Settings
from scripts.outcomes import Exit, OperatorError
from scripts.places import existing_settings, places
from storage.database import MODE, READS, Database, answering
from storage.migrate import current
from storage.row_guard import RowGuard
from storage.unit_of_work import SqlTx
from vault.crypto.keyring import CHECKPOINT, Keyring
from vault.crypto.signing import VerifierKey
from vault.errors import KeyUnavailableError
from vault.journal.trust import NO_QUORUM, Policy
from vault.ports import Tx


class LogName(NamedTuple):
    """A log of this deployment."""

    log_id: int
    year: int
    origin: str
    size: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A data folder, open to read; everything in it is of one moment.

    Attributes:
        connection: The one read transaction; ``tx`` stands on it.
    """

    settings: Settings
    connection: Connection = field(repr=False)
    tx: Tx = field(repr=False)
    keyring: Keyring = field(repr=False)
    logs: tuple[LogName, ...]

    @property
    def size(self) -> int:
        """Entries of all logs."""
        return sum(log.size for log in self.logs)

    @property
    def last_ms(self) -> int:
        """Time of the newest entry, 0 for none."""
        return max((log.last_ms for log in self.logs), default=0)

    def verifier(self, origin: str) -> VerifierKey:
        """Return the public key that the checkpoints of ``origin`` are signed with.

        Raises:
            KeyUnavailableError: The deployment has no such key.
        """
        rows = [row for row in self.tx.system.all() if row.name == CHECKPOINT]
        if not rows:
            raise KeyUnavailableError("there is no checkpoint key")
        newest = max(rows, key=lambda row: row.version)
        return self.keyring.checkpoint_signer(newest, origin=origin).verifier

    def trust(self) -> Policy:
        """Return the policy of one who believes these logs and asks for no witness."""
        logs = tuple(self.verifier(log.origin) for log in self.logs)
        return Policy(logs=logs, witnesses={}, groups={}, quorum=NO_QUORUM)


class EmptyDatabaseError(OperatorError):
    """No server has made a deployment in the database yet."""

    def __init__(self) -> None:
        """Say what makes one."""
        super().__init__(
            "数据库里还没有部署。请先启动服务（myspace serve）：它建表、生成密钥、开启日志。",
            "There is no deployment in the database yet. Start a server first (myspace serve): it "
            "makes the tables, draws the keys and opens the log.",
            code=Exit.CONFIGURATION,
        )


@contextmanager
def reading(data: Path | None) -> Iterator[Opened]:
    """Open the data folder ``data``, or the default one, while the block runs.

    Raises:
        OperatorError: There are no data, or no key for them.
        EmptyDatabaseError: A database is there, and nothing in it.
        KeyUnavailableError: The key opens another vault.
        StorageError: The database cannot be read, or a newer program wrote it.
    """
    where = places(data)
    settings = existing_settings(where)
    provider = key_provider(settings)
    with opened_to_read(settings) as database, _kept_in(database) as connection:
        guard = RowGuard()
        tx = SqlTx(connection, guard=guard)
        vault_id, rows = tx.system.vault_id(), tx.system.all()
        if vault_id is None:
            raise EmptyDatabaseError
        keyring = Keyring.open(
            provider, vault_id=vault_id, rows=rows, random=os.urandom, monotonic=time.monotonic
        )
        with suppress(KeyUnavailableError):  # Whoever needs it is told so.
            guard.unlock(row_macs(keyring, rows))
        yield Opened(
            settings=settings,
            connection=connection,
            tx=tx,
            keyring=keyring,
            logs=logs_of(connection),
        )


@contextmanager
def _kept_in(database: Database) -> Iterator[Connection]:
    """Hold one read transaction on a database that has tables, while the block runs."""
    if current(database.engine) is None:
        raise EmptyDatabaseError
    reads = database.engine.execution_options(**{MODE: READS})
    with answering(), reads.connect() as connection, connection.begin():
        yield connection


def logs_of(connection: Connection) -> tuple[LogName, ...]:
    """Return the logs of a deployment, in their order."""
    rows = connection.exec_driver_sql(
        "SELECT log_id, year, origin, size, last_ms FROM log_head ORDER BY log_id, year"
    )
    return tuple(LogName(*row) for row in rows)
