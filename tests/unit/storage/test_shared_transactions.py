"""Who shares a commit, who is told what when it fails, and how it all stops."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import pytest

from storage.database import Database
from storage.failures import OutcomeOpenError
from storage.shared_transactions import MAX_WAITING, TOGETHER, SharedTransactions
from storage.unit_of_work import worker
from tests.support.vault_values import a_claim
from vault.errors import StorageError
from vault.ports import Tx


class Counted:
    """Plain units of work over a database, counted; with ``broken`` none is committed."""

    def __init__(self, database: Database, *, broken: Exception | None = None) -> None:
        self._work = worker(database)
        self._broken = broken
        self.begun = 0

    @contextmanager
    def work(self) -> Iterator[Tx]:
        self.begun += 1
        with self._work() as tx:
            yield tx
            if self._broken is not None:
                raise self._broken


def what_was_new(_tx: Tx, fresh: Sequence[bool]) -> tuple[bool, ...]:
    return tuple(fresh)


def failing(_tx: Tx, _fresh: Sequence[bool]) -> NoReturn:
    raise KeyError("a fault of this one")


def test_those_who_wait_share_one_commit(database: Database) -> None:
    counted = Counted(database)
    shared = SharedTransactions(counted.work)
    waiting = [
        shared.enqueue([a_claim(name)], what_was_new) for name in ("one", "two", "one", "three")
    ]

    shared.start()
    shared.stop()

    assert [one.result() for one in waiting] == [(True,), (True,), (False,), (True,)]
    assert counted.begun == 1


def test_a_commit_has_room_for_so_many(database: Database) -> None:
    counted = Counted(database)
    shared = SharedTransactions(counted.work)
    waiting = [shared.enqueue([], what_was_new) for _ in range(TOGETHER + 1)]

    shared.start()
    shared.stop()

    assert [one.result() for one in waiting] == [()] * (TOGETHER + 1)
    assert counted.begun == 2


def test_where_one_is_at_fault_each_goes_on_its_own(database: Database) -> None:
    counted = Counted(database)
    shared = SharedTransactions(counted.work)
    first = shared.enqueue([a_claim("one")], what_was_new)
    broken = shared.enqueue([a_claim("two")], failing)
    last = shared.enqueue([a_claim("one"), a_claim("two")], what_was_new)

    shared.start()
    shared.stop()

    assert (first.result(), last.result()) == ((True,), (False, True))
    with pytest.raises(KeyError, match="a fault of this one"):
        broken.result()
    assert counted.begun == 4


@pytest.mark.parametrize(
    "error", [StorageError("the database is away"), OutcomeOpenError("the answer was lost")]
)
def test_what_the_database_does_not_take_is_told_to_all_and_not_tried_again(
    database: Database, error: Exception
) -> None:
    counted = Counted(database, broken=error)
    shared = SharedTransactions(counted.work)
    waiting = [shared.enqueue([a_claim(name)], what_was_new) for name in ("one", "two")]

    shared.start()
    shared.stop()

    assert [one.exception() for one in waiting] == [error, error]
    assert counted.begun == 1


def test_who_gave_up_before_its_turn_has_done_nothing(database: Database) -> None:
    counted = Counted(database)
    shared = SharedTransactions(counted.work)
    gone = shared.enqueue([a_claim("one")], what_was_new)
    gone.cancel()
    shared.start()

    again = shared.enqueue([a_claim("one")], what_was_new).result(timeout=10)
    shared.stop()

    assert (again, counted.begun) == ((True,), 1)


def test_nothing_is_taken_once_it_stops(database: Database) -> None:
    shared = SharedTransactions(worker(database))
    shared.start()
    shared.stop()

    with pytest.raises(StorageError, match="is being closed"):
        shared.enqueue([], what_was_new)


def test_no_more_than_so_many_may_wait(database: Database) -> None:
    shared = SharedTransactions(worker(database))
    for _ in range(MAX_WAITING):
        shared.enqueue([], what_was_new)

    with pytest.raises(StorageError, match="too much waits"):
        shared.enqueue([], what_was_new)


def test_a_unit_of_work_is_not_queued_inside_another(database: Database) -> None:
    work = worker(database)
    shared = SharedTransactions(work)

    with work(), pytest.raises(RuntimeError, match="inside another"):
        shared.enqueue([], what_was_new)
