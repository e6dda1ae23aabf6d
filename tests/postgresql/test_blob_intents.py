"""A collector and a deposit that meet over one sealed file: exactly one of the two wins."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from storage.blob_intents import BlobIntents
from storage.database import Database
from storage.postgresql import open_postgresql
from storage.row_guard import RowGuard
from storage.unit_of_work import SqlTx, plain_transactions
from tests.support.guarded import ROW_MACS
from tests.support.postgres import migrated
from tests.support.vault_values import ENTRY_ID, SPACE, a_file, a_holder, a_record, record_key
from vault.errors import ConflictError

KEY = "c0ffee" * 5 + "00"
EXPIRED = 1_000
ROWS = RowGuard()
ROWS.unlock(ROW_MACS)
SOON, LONG = 0.3, 10


@pytest.fixture
def database() -> Iterator[Database]:
    """Return a database with an intent that has expired."""
    with migrated() as server, open_postgresql(server, threads=4) as opened:
        with plain_transactions(opened)() as connection:
            BlobIntents(connection).add(KEY, space=SPACE, expires_at=EXPIRED)
            SqlTx(connection, guard=ROWS).holders.add(a_holder(), numbers=[], keys=[])
        yield opened


def take(database: Database) -> str | None:
    with plain_transactions(database)() as connection:
        return BlobIntents(connection).take(now=EXPIRED)


def deposit(tx: SqlTx) -> None:
    record = a_record(files=(a_file(KEY),))
    tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)


def state(database: Database) -> object:
    with plain_transactions(database)() as connection:
        return connection.exec_driver_sql("SELECT state FROM blob_intent").scalar_one_or_none()


def waiting(act: Callable[[], object]) -> Future[object]:
    """Begin ``act``, which has to wait for a row that we hold; return its result to come."""
    coming = Future[object]()

    def run() -> None:
        try:
            coming.set_result(act())
        except ConflictError as error:
            coming.set_exception(error)

    threading.Thread(target=run).start()
    with pytest.raises(TimeoutError):
        coming.result(SOON)
    return coming


def test_what_a_deposit_names_at_that_very_moment_is_not_collected(database: Database) -> None:
    with plain_transactions(database)() as connection:
        deposit(SqlTx(connection, guard=ROWS))
        collected = waiting(lambda: take(database))

    assert (collected.result(LONG), state(database)) == (None, "committed")


def test_what_is_being_collected_is_named_by_no_deposit(database: Database) -> None:
    def late() -> None:
        with plain_transactions(database)() as connection:
            deposit(SqlTx(connection, guard=ROWS))

    with plain_transactions(database)() as connection:
        taken = BlobIntents(connection).take(now=EXPIRED)
        deposited = waiting(late)

    assert taken == KEY
    with pytest.raises(ConflictError):
        deposited.result(LONG)
    assert state(database) == "deleting"


def test_two_collectors_at_once_do_not_stumble_over_each_other(database: Database) -> None:
    with plain_transactions(database)() as connection:
        assert BlobIntents(connection).take(now=EXPIRED) == KEY
        BlobIntents(connection).remove(KEY)
        collected = waiting(lambda: take(database))

    assert (collected.result(LONG), state(database)) == (None, None)
