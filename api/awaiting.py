"""Awaits what another thread commits, without a thread of one's own (ADR 0014).

A promise waits for its turn, then for its commit. Whoever is too late for the first was never
served; whoever is too late for the second does not know what became of it.
"""

import asyncio
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from concurrent.futures import Future as Pending
from typing import TypeVar

from vault.errors import UnavailableError

T = TypeVar("T")
Late = Callable[[], UnavailableError]


async def awaited(pending: Pending[T], *, deadline: float, busy: Late, unknown: Late) -> T:
    """Return the result of ``pending``, or raise its error.

    Args:
        pending: Belongs to another thread.
        deadline: Seconds to wait for its turn, and again for its commit.
        busy: What to raise if its turn did not come.
        unknown: What to raise if its commit did not return.
    """
    loop = asyncio.get_running_loop()
    answer: Future[T] = loop.create_future()
    pending.add_done_callback(lambda done: _wake(loop, answer, done))

    def late() -> None:
        if answer.done():
            return
        if pending.cancel():
            answer.set_exception(busy())
        else:
            loop.call_later(deadline, too_late)

    def too_late() -> None:
        if not answer.done():
            answer.set_exception(unknown())

    timer = loop.call_later(deadline, late)
    try:
        return await answer
    finally:
        timer.cancel()


def _wake(loop: AbstractEventLoop, answer: Future[T], done: Pending[T]) -> None:
    """Hand the outcome to the loop; runs in the other thread, once for each waiter."""
    if not done.cancelled() and not loop.is_closed():
        loop.call_soon_threadsafe(_hand_over, answer, done)


def _hand_over(answer: Future[T], done: Pending[T]) -> None:
    if answer.done():  # Nobody waits any more.
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
