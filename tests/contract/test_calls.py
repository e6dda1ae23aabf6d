"""Calls to clients wait, are taken by one process at a time, and are forgotten after a day."""

from dataclasses import replace

from tests.support.ports import Ports
from vault.clients.told import OutgoingCall

NOW = 1_795_000_000
DAY = 24 * 3600


def a_call(number: int, *, next_at: int = NOW) -> OutgoingCall:
    return OutgoingCall(
        call_id=bytes([number]) * 16,
        kind="test",
        sealed=b"sealed",
        created_at=NOW - 5,
        next_at=next_at,
    )


def due(ports: Ports, now: int = NOW) -> tuple[OutgoingCall, ...]:
    with ports.read() as tx:
        return tx.protocol.due_calls(now=now, limit=10)


def test_calls_are_due_in_the_order_of_their_times(ports: Ports) -> None:
    early, late, future = a_call(2, next_at=NOW - 9), a_call(1), a_call(3, next_at=NOW + 1)
    with ports.work() as tx:
        for one in (late, future, early):
            tx.protocol.add_call(one)

    assert due(ports) == (early, late)
    assert due(ports, NOW + 1) == (early, late, future)
    with ports.read() as tx:
        assert tx.protocol.due_calls(now=NOW, limit=1) == (early,)


def test_a_call_is_taken_once_for_each_try(ports: Ports) -> None:
    call = a_call(1)
    with ports.work() as tx:
        tx.protocol.add_call(call)

    with ports.work() as tx:
        taken = [tx.protocol.take_call(call, next_at=NOW + 5) for _ in range(2)]

    assert taken == [True, False]
    assert due(ports) == ()
    [again] = due(ports, NOW + 5)
    assert again == replace(call, attempts=1, next_at=NOW + 5)


def test_a_call_that_is_done_is_not_due_not_taken_and_done_once(ports: Ports) -> None:
    call = a_call(1)
    with ports.work() as tx:
        tx.protocol.add_call(call)
        tx.protocol.call_done(call.call_id, outcome="made", now=NOW)
        tx.protocol.call_done(call.call_id, outcome="again", now=NOW + 1)

    with ports.work() as tx:
        assert not tx.protocol.take_call(call, next_at=NOW + 5)
    assert due(ports, NOW + DAY) == ()


def test_calls_that_are_done_are_forgotten_after_a_day_and_others_are_not(ports: Ports) -> None:
    with ports.work() as tx:
        for number in (1, 2):
            tx.protocol.add_call(a_call(number))
        tx.protocol.call_done(a_call(1).call_id, outcome="made", now=NOW)

    with ports.work() as tx:
        swept = [tx.protocol.sweep(now=NOW + DAY + at, limit=10) for at in (-1, 0, 10 * DAY)]

    assert swept == [0, 1, 0]
    assert [one.call_id for one in due(ports)] == [a_call(2).call_id]
