"""Transactions, and whose turn it is to write."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from scripts.local.process import became
from storage.database import Database
from storage.sqlite import Sqlite, open_sqlite, open_sqlite_beside
from storage.turns import Turns
from storage.unit_of_work import (
    inside_unit_of_work,
    journal_transactions,
    plain_transactions,
    read_transactions,
    reader,
    worker,
)
from tests.support.guarded import unlocked
from tests.support.vault_values import SPACE, a_case, a_claim, a_holder
from vault.errors import ConflictError, StorageError
from vault.ports import Tx


def test_a_unit_of_work_writes_all_or_nothing(database: Database) -> None:
    def half(tx: Tx) -> None:
        tx.cases.add(a_case())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), worker(database)() as tx:
        half(tx)
    with worker(database)() as tx:
        tx.holders.add(a_holder(), numbers=(), keys=())

    with reader(database)() as tx:
        assert (tx.cases.of_holder(SPACE), tx.holders.get(SPACE)) == ((), a_holder())


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.cases.add(a_case()),
        lambda tx: tx.protocol.claim([a_claim()]),
        lambda tx: tx.notices.mark_read(SPACE, at_ms=1),
        lambda tx: tx.protocol.sweep(now=1, limit=1),
    ],
    ids=["guarded", "protocol", "notices", "sweep"],
)
def test_a_unit_that_reads_refuses_to_write(
    database: Database, write: Callable[[Tx], object]
) -> None:
    with pytest.raises(StorageError, match="may only read"), reader(database)() as tx:
        write(tx)
    with worker(database)() as tx:
        assert tx.protocol.claim([a_claim()]) == (True,)


def test_a_read_transaction_refuses_every_statement_that_writes(database: Database) -> None:
    with (
        pytest.raises(StorageError, match="may only read"),
        read_transactions(database)() as connection,
    ):
        connection.execute(text("DELETE FROM holder"))


def test_a_connection_that_read_may_write_afterwards(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "data" / "vault.db", threads=1) as database:
        with read_transactions(database)() as connection:
            connection.exec_driver_sql("SELECT 1")
        with plain_transactions(database)() as connection:
            connection.exec_driver_sql("INSERT INTO vault_meta VALUES (1, zeroblob(16))")

        with reader(database)() as tx:
            assert tx.system.vault_id() == bytes(16)


@pytest.mark.parametrize("outer", [reader, worker], ids=["read", "work"])
@pytest.mark.parametrize("inner", [reader, worker], ids=["read", "work"])
def test_a_thread_has_one_unit_of_work_at_a_time(
    database: Database, outer: Callable[[Database], object], inner: Callable[[Database], object]
) -> None:
    with outer(database)():  # type: ignore[operator]  # either of two
        assert inside_unit_of_work()
        with pytest.raises(RuntimeError, match="inside another"):
            inner(database)().__enter__()  # type: ignore[operator]  # either of two

    assert not inside_unit_of_work()


def test_two_writers_take_turns_and_lose_nothing(database: Database) -> None:
    work = worker(database)
    counts = list[int]()

    def count() -> None:
        for _ in range(50):
            with work() as tx:
                counts.append(tx.protocol.count_try(bytes(32), window_start=0))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts == list(range(1, 201))


def test_the_journal_goes_before_all_that_wait(database: Database) -> None:
    order = list[str]()

    def write(name: str, *, first: bool) -> None:
        start = journal_transactions(database) if first else plain_transactions(database)
        with start():
            order.append(name)

    threads = list[threading.Thread]()
    assert isinstance(database.kind, Sqlite)
    with database.kind.turns.turn():
        for waiting, name in enumerate(("one", "two", "journal"), 1):
            first = {"first": name == "journal"}
            threads.append(threading.Thread(target=write, args=(name,), kwargs=first))
            threads[-1].start()
            _until_there_wait(waiting, database.kind.turns)
    for thread in threads:
        thread.join()

    assert order == ["journal", "one", "two"]


def test_a_turn_that_does_not_come_is_told(database: Database) -> None:
    turns = Turns()
    with turns.turn(), pytest.raises(StorageError, match="busy"), turns.turn(timeout=0.01):
        raise AssertionError("two had the turn")

    with turns.turn(timeout=0.01):
        pass


def test_a_row_that_breaks_a_rule_is_a_conflict(database: Database) -> None:
    with pytest.raises(ConflictError), worker(database)() as tx:
        tx.holders.add(a_holder(version=0), numbers=(), keys=())


def test_a_second_process_finds_the_folder_taken(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.db"
    with open_sqlite(path), pytest.raises(StorageError, match="another process"):
        open_sqlite(path).__enter__()

    with open_sqlite(path) as database:
        assert database.engine.pool.status()


def test_a_database_is_read_beside_the_process_that_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.db"
    with open_sqlite(path) as database, open_sqlite_beside(path) as beside:
        unlocked(database)
        unlocked(beside)
        with worker(database)() as tx:
            tx.holders.add(a_holder(), numbers=(), keys=())

        with reader(beside)() as tx:
            assert tx.holders.get(SPACE) == a_holder()
        with pytest.raises(StorageError, match="may only read"), worker(beside)() as tx:
            tx.cases.add(a_case())


def test_files_of_the_database_are_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.db"
    with open_sqlite(path) as database, worker(database)() as tx:
        tx.system.set_vault_id(bytes(16))
        modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert {"vault.db", "vault.db-wal"} <= set(modes)


def _until_there_wait(count: int, turns: Turns) -> None:
    assert became(lambda: turns.waiting == count, seconds=5)
