"""Awaits the journal without a thread (ADR 0014), under the same deadlines as ``submit``."""

import asyncio
from asyncio import AbstractEventLoop, Future

from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import (
    DEADLINE_SECONDS,
    Change,
    Disclosure,
    Journal,
    Outcome,
    Pending,
)


async def submitted(
    journal: Journal, operation: Change | Disclosure, *, deadline: float = DEADLINE_SECONDS
) -> Outcome:
    """Queue ``operation``, await its commit, return the outcome.

    Args:
        journal: Orders it.
        operation: Decided already.
        deadline: Seconds to wait for the turn, and again for the commit.

    Raises:
        JournalUnavailableError: Too much waits; nothing was released.
        OutcomeUnknownError: Its batch had begun and did not end in time.
    """
    loop = asyncio.get_running_loop()
    answer: Future[Outcome] = loop.create_future()
    pending = journal.enqueue(operation)
    pending.add_done_callback(lambda done: _wake(loop, answer, done))
    timer = loop.call_later(deadline, _late, loop, answer, pending, deadline)
    try:
        return await answer
    finally:
        timer.cancel()


def _wake(loop: AbstractEventLoop, answer: "Future[Outcome]", done: Pending) -> None:
    """Hand the outcome to the loop; runs in the writer's thread, once for each waiter."""
    if not done.cancelled() and not loop.is_closed():
        loop.call_soon_threadsafe(_hand_over, answer, done)


def _hand_over(answer: "Future[Outcome]", done: Pending) -> None:
    if answer.done():  # Nobody waits any more.
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)


def _late(
    loop: AbstractEventLoop, answer: "Future[Outcome]", pending: Pending, deadline: float
) -> None:
    """Give up while it still queues; once its batch has begun, wait as long again."""
    if answer.done():
        return
    if pending.cancel():
        answer.set_exception(JournalUnavailableError("the journal is busy"))
    else:
        loop.call_later(deadline, _too_late, answer)


def _too_late(answer: "Future[Outcome]") -> None:
    if not answer.done():
        answer.set_exception(OutcomeUnknownError("the journal did not answer in time"))
