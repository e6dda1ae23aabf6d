"""The rules that keep the head's lock safe on a shared server (journal.md 2.6).

| rule | held by |
|---|---|
| 1 order of locks | ``test_rules_of_processes``; here: plain work waits for no head |
| 2 guarded tables | ``test_rules_of_processes`` |
| 3 a waiting thread holds nothing | ``test_group_commit``: nothing is submitted inside a unit |
| 4 own connection, health checks | here |
| 5 queue, deadline, urgency, share | ``test_waiting``, ``test_group_commit``; here: the deadline |
| 6 savepoints, deferrable constraints | here |
| 7 budget, lock time-out | here |
| 8 ``log_head`` | here; dead versions: ``tests/unit/scripts/test_server_check`` |
| 9 bookkeeping | ``test_rules_of_processes`` |
"""

import threading
import time
from contextlib import ExitStack
from inspect import iscoroutinefunction
from typing import Any

import pytest
from structlog.typing import EventDict

from api.routers.health import healthz, readyz
from storage.budget import BATCH_SECONDS
from storage.failures import BusyError
from storage.first_head import open_log
from storage.unit_of_work import worker
from storage.waiting import MAX_CHANGES
from tests.support.vault_values import NOW_MS, SPACE, a_case, a_holder
from tests.support.writer import (
    ORIGIN,
    SIGNER,
    YEAR,
    World,
    a_change,
    a_pull,
    entry_id,
    in_one_batch,
)
from vault.errors import JournalUnavailableError
from vault.ids import CaseNumber
from vault.journal.operations import DEADLINE_SECONDS, Committed, Request
from vault.ports import Tx

SUBTRANSACTIONS = 64
"""Ids that PostgreSQL keeps of one backend's (PGPROC_MAX_CACHED_SUBXIDS)."""


def test_plain_work_goes_on_while_the_head_is_held(world: World) -> None:
    seen = list[object]()

    def look(_tx: Tx, _at_ms: int) -> None:
        thread = threading.Thread(target=lambda: seen.append(work()))
        thread.start()
        thread.join(5)

    def work() -> tuple[bool, ...]:
        with worker(world.database)() as tx:
            return tx.protocol.claim([])

    assert in_one_batch(world.writer(), a_change(1, effect=look)) == [True]
    assert seen == [()]


def test_the_writer_needs_no_connection_of_the_pool(world: World) -> None:
    with ExitStack() as stack, world.serving() as writer:
        for _ in range(8):  # All that the pool has.
            stack.enter_context(world.database.engine.connect())

        outcome = writer.submit(a_pull(1))

    assert isinstance(outcome, Committed)


def test_health_checks_need_no_thread_that_a_waiter_could_hold() -> None:
    assert [iscoroutinefunction(one) for one in (healthz, readyz)] == [True, True]


@pytest.mark.slow
def test_who_waits_longer_than_its_deadline_is_refused_and_taken_back(world: World) -> None:
    with world.serving() as writer:
        started_at = time.monotonic()
        with world.database.engine.connect() as other, other.begin():
            other.exec_driver_sql("SELECT size FROM log_head FOR UPDATE")
            with pytest.raises(JournalUnavailableError, match="busy") as told:
                writer.submit(a_pull(1))
        waited = time.monotonic() - started_at
        later = writer.submit(a_pull(2))

    assert DEADLINE_SECONDS <= waited < DEADLINE_SECONDS + 1
    assert told.value.retry_after_seconds > 0
    assert isinstance(later, Committed)
    assert [entry.entry_id for entry in world.entries()] == [entry_id(2)]


@pytest.mark.slow
def test_who_was_taken_and_cannot_have_a_later_head_is_told_so(world: World) -> None:
    with world.database.engine.connect() as connection, connection.begin():
        open_log(connection, log_id=1, year=YEAR, origin=ORIGIN, signer=SIGNER, now_ms=NOW_MS)
    with world.serving() as writer, world.database.engine.connect() as other, other.begin():
        other.exec_driver_sql("SELECT size FROM log_head WHERE log_id = 1 FOR UPDATE")
        with pytest.raises(JournalUnavailableError) as told:
            writer.submit(a_change(1, space=None))

    assert type(told.value) is JournalUnavailableError  # Not "unknown", which it is not.
    assert world.head().size == 0


def test_a_batch_of_changes_stays_below_what_the_server_remembers(world: World) -> None:
    seen = list[tuple[object, ...]]()

    def effect(number: int) -> Any:  # noqa: ANN401 - a function of two arguments
        def write(tx: Tx, _at_ms: int) -> None:
            tx.cases.add(a_case(CaseNumber(f"case-{number}")))
            if number == MAX_CHANGES - 1:
                seen.extend(_in_another_thread(world))

        return write

    changes = [a_change(number, effect=effect(number)) for number in range(3 * MAX_CHANGES)]

    outcomes = in_one_batch(world.writer(), *changes)

    ((count, overflowed),) = seen
    assert outcomes == [True] * len(changes)
    assert isinstance(count, int)
    assert MAX_CHANGES <= count < SUBTRANSACTIONS
    assert overflowed is False


def _in_another_thread(world: World) -> list[tuple[object, ...]]:
    found = list[tuple[object, ...]]()
    asked = (
        "SELECT s.subxact_count, s.subxact_overflowed FROM pg_stat_get_backend_idset() b,"
        " LATERAL pg_stat_get_backend_subxact(b) s"
        " WHERE pg_stat_get_backend_dbid(b) ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
        " ORDER BY 1 DESC LIMIT 1"
    )
    thread = threading.Thread(target=lambda: found.extend(world.ask(asked)))
    thread.start()
    thread.join(10)
    return found


def test_no_constraint_fails_only_at_commit(world: World) -> None:
    assert world.ask("SELECT conname FROM pg_constraint WHERE condeferrable") == []


def test_the_heads_page_has_room_for_many_versions_of_it(world: World) -> None:
    found = world.ask("SELECT reloptions::text FROM pg_class WHERE relname = 'log_head'")

    assert found == [("{fillfactor=10}",)]


@pytest.mark.parametrize("what", ["effect", "request"])
def test_an_operation_waits_half_a_second_for_a_row_and_fails_alone(
    world: World, what: str
) -> None:
    with world.work() as tx:
        tx.holders.add(a_holder(), numbers=(), keys=())

    def touch(tx: Tx, _at_ms: int) -> None:
        tx.holders.set_profile(SPACE, profile=b"new", expected=1)

    asked = Request(actor_id=bytes(16), request_id="1", body_hash=bytes(32), answer=b"done")
    touching = {"effect": a_change(2, effect=touch), "request": a_change(2, request=asked)}[what]
    started_at = time.monotonic()
    with world.database.engine.connect() as other, other.begin():
        other.exec_driver_sql("SELECT holder_id FROM holder FOR UPDATE")
        other.exec_driver_sql("LOCK TABLE request_id IN ACCESS EXCLUSIVE MODE")
        outcomes = in_one_batch(world.writer(), a_change(1), touching, a_pull(3))
    waited = time.monotonic() - started_at

    assert outcomes == [True, BusyError, True]
    assert 0.5 <= waited < 2
    assert world.faults() == ()


def test_a_batch_that_holds_the_head_too_long_is_told_with_its_slowest_operation(
    world: World, logged: list[EventDict]
) -> None:
    def slow(tx: Tx, at_ms: int) -> Any:  # noqa: ANN401 - a decision
        time.sleep(4 * BATCH_SECONDS)  # What no guard may.
        return a_change(0).decide(tx, at_ms)

    with world.serving() as writer:
        held, waits = threading.Event(), threading.Event()

        def hold(_tx: Tx, _at_ms: int) -> None:
            held.set()
            waits.wait(5)
            time.sleep(4 * BATCH_SECONDS)

        first = writer.enqueue(a_change(0, effect=hold))  # Too long as well, and not told.
        held.wait(5)
        later = (a_change(1), a_change(2, decide_anew=slow), a_change(3))
        waiting = [writer.enqueue(operation) for operation in later]
        waits.set()
        outcomes = [isinstance(one.result(10), Committed) for one in (first, *waiting)]

    (told,) = [one for one in logged if one["event"] == "the head of the log was held too long"]
    assert outcomes == [True] * 4
    assert (told["operations"], told["allowed_ms"]) == (3, 5.3)
    assert told["slowest"].endswith("test_rules." + slow.__qualname__)
    assert told["ms"] >= told["slowest_ms"] >= 4 * BATCH_SECONDS * 1000
