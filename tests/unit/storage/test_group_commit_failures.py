"""What fails alone, what fails together, and what nobody can know (journal.md 2.4)."""

import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.failures import OutcomeOpenError
from tests.support.vault_values import SPACE, a_case, a_claim, a_holder
from tests.support.writer import World, a_change, a_pull, entry_id, in_one_batch, open_world
from vault.errors import JournalUnavailableError, OutcomeUnknownError, StorageError, TooLargeError
from vault.journal.entries import Entry
from vault.journal.operations import Committed, Decision, Disclosure
from vault.ports import Tx

PAGES = 40
"""Pages that a database may grow by before its disk is full."""


def poison(number: int) -> Disclosure:
    """Return a pull that spoils the batch it is in."""

    def entry(_decision: Decision, _at_ms: int) -> Entry:
        raise TooLargeError("an entry is at most 64 KiB long")

    return a_pull(number, entry=entry)


def test_operations_that_spoil_their_batch_fail_alone(world: World) -> None:
    operations = [
        poison(number) if number in {2, 5} else a_pull(number, claims=(a_claim(str(number)),))
        for number in range(8)
    ]

    outcomes = in_one_batch(world.writer(), *operations)

    unavailable = JournalUnavailableError
    assert outcomes == [True, True, unavailable, True, True, unavailable, True, True]
    assert [entry.entry_id for entry in world.entries()] == [
        entry_id(number) for number in (0, 1, 3, 4, 6, 7)
    ]
    assert world.faults() == ()


def test_a_bug_in_a_guard_is_told_to_its_own_caller(world: World) -> None:
    def broken(_tx: Tx, _at_ms: int) -> None:
        raise ZeroDivisionError

    outcomes = in_one_batch(world.writer(), a_change(1, effect=broken), a_change(2))

    assert outcomes == [ZeroDivisionError, True]
    assert world.faults() == ()


def test_an_entry_id_that_is_there_already_does_not_freeze_the_log(world: World) -> None:
    outcomes = in_one_batch(world.writer(), a_pull(1), a_pull(1), a_pull(2))

    assert outcomes == [True, JournalUnavailableError, True]
    assert (world.head().size, world.head().frozen) == (2, 0)


def test_a_disk_that_is_full_fails_the_batch_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    # SQLite gives the whole transaction up: without care the rest would be written bit by bit.
    with open_world(tmp_path) as world:
        _limit(world, pages=PAGES)

        def fill(tx: Tx, _at_ms: int) -> None:
            profile = bytes(2 * PAGES * 4096)
            tx.holders.add(a_holder(profile=profile), numbers=(), keys=())

        outcomes = in_one_batch(
            world.writer(),
            a_change(1, effect=lambda tx, _at_ms: tx.cases.add(a_case())),
            a_change(2, effect=fill),
            a_change(3),
        )

        kept = world.ask(
            "SELECT case_no FROM service_case UNION SELECT entry_id FROM journal_entry"
        )
        _limit(world, pages=1 << 20)
        later = in_one_batch(world.writer(), a_change(4))

        assert outcomes == [JournalUnavailableError] * 3
        assert (kept, later) == ([], [True])
        assert world.faults() == ()


def test_a_transaction_that_is_gone_takes_its_whole_batch_along(world: World) -> None:
    connections = list[Connection]()

    @contextmanager
    def known(transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        with transaction as connection:
            connections.append(connection)
            yield connection

    def lose(_tx: Tx, _at_ms: int) -> None:
        connections[-1].exec_driver_sql("ROLLBACK")
        raise StorageError("the disk is full: nothing was written")

    outcomes = in_one_batch(
        world.writer(wrap=known),
        a_change(1, effect=lambda tx, _at_ms: tx.cases.add(a_case())),
        a_change(2, effect=lose),
        a_change(3, effect=lambda tx, _at_ms: tx.holders.add(a_holder(), numbers=(), keys=())),
    )

    assert outcomes == [JournalUnavailableError] * 3
    assert world.head().size == 0
    with world.read() as tx:
        assert (tx.cases.of_holder(SPACE), tx.holders.get(SPACE)) == ((), None)


@pytest.mark.parametrize("happened", [True, False], ids=["it happened", "it did not"])
def test_when_the_answer_to_a_commit_is_lost_nothing_more_is_served(
    tmp_path: Path, *, happened: bool
) -> None:
    @contextmanager
    def lost(transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        with transaction as connection:
            yield connection
            if not armed:
                return
            if not happened:
                connection.exec_driver_sql("ROLLBACK")
                raise OutcomeOpenError("the answer to a commit was lost")
        raise OutcomeOpenError("the answer to a commit was lost")

    armed = list[bool]()
    with open_world(tmp_path) as world:
        writer = world.writer(wrap=lost)
        writer.start()
        first = writer.submit(a_pull(1))
        armed.append(True)

        with pytest.raises(OutcomeUnknownError, match="lost the answer"):
            writer.submit(a_pull(2))
        with pytest.raises(OutcomeUnknownError, match="lost the answer"):
            writer.enqueue(a_pull(3))
        serving = writer.waiting
        writer.stop()

        assert isinstance(first, Committed)
        assert (serving, [type(error) for error in world.fatal]) == (False, [OutcomeOpenError])
    with open_world(tmp_path) as world:
        with world.serving() as writer:
            outcome = writer.submit(a_pull(4))

        found = [entry.entry_id for entry in world.entries()]
        assert isinstance(outcome, Committed)
        assert found == [entry_id(number) for number in ((1, 2, 4) if happened else (1, 4))]
        assert world.faults() == ()


def test_a_commit_that_the_disk_fails_ends_the_writer(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(tx: Tx, _at_ms: int) -> None:
        tx.cases.add(a_case())
        length = (tmp_path / "data" / "vault.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (length, limits[1]))

    with open_world(tmp_path) as world:
        try:
            outcomes = in_one_batch(world.writer(), a_change(1, effect=fill))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        assert outcomes == [OutcomeUnknownError]
        assert [type(error) for error in world.fatal] == [OutcomeOpenError]
    with open_world(tmp_path) as world:
        later = in_one_batch(world.writer(), a_change(2))

        assert later == [True]
        assert world.ask("SELECT case_no FROM service_case") == []
        assert world.faults() == ()


@pytest.mark.slow
def test_who_waits_too_long_is_told_whether_it_may_have_happened(embedded: World) -> None:
    taken, go_on = threading.Event(), threading.Event()

    def hold(_tx: Tx, _at_ms: int) -> None:
        taken.set()
        go_on.wait(30)

    with embedded.serving() as writer, ThreadPoolExecutor() as threads:
        held = threads.submit(writer.submit, a_change(1, effect=hold))
        assert taken.wait(5)
        queued = threads.submit(writer.submit, a_change(2))

        errors = (type(held.exception(15)), type(queued.exception(15)))
        go_on.set()

    assert errors == (OutcomeUnknownError, JournalUnavailableError)
    assert [entry.entry_id for entry in embedded.entries()] == [entry_id(1)]


def _limit(world: World, *, pages: int) -> None:
    """Let the database grow by so many pages from now on, and no further."""
    with world.database.journal.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        [(now,)] = raw.execute("PRAGMA page_count").fetchall()
        raw.execute(f"PRAGMA max_page_count = {now + pages}")
