"""Writes guarded rows as the journal's transaction does: with their hashes and state rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from storage.database import Database
from storage.journal_rows import JournalRows
from storage.row_macs import RowMacs
from storage.row_states import BatchGuard, RowStates
from storage.unit_of_work import SqlTx, journal_transactions
from tests.support.journal_values import VAULT_ID
from vault.crypto.keys import ServiceKey
from vault.crypto.suites import Suite
from vault.ports import Tx, Work

ROW_MACS: Final = RowMacs(ServiceKey(b"\x5a" * 32, suite=Suite.AES_256_GCM), vault_id=VAULT_ID)


def unlocked(database: Database) -> Database:
    """Give a database the key of its guarded rows."""
    database.guard.unlock(ROW_MACS)
    return database


def guarded_worker(database: Database, *, log_id: int) -> Work:
    """Return what starts units of work that may write guarded rows beside any other."""
    transaction = journal_transactions(database)

    @contextmanager
    def work() -> Iterator[Tx]:
        with transaction() as connection:
            rows = JournalRows(connection)
            head = rows.lock_head(log_id)
            assert head is not None
            macs = database.guard.macs
            states = RowStates(rows, macs=macs, head=head)
            yield SqlTx(connection, guard=BatchGuard(macs, states))
            states.write(())

    return work
