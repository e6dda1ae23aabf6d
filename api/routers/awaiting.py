"""Awaits the journal without a thread (ADR 0014), under the same deadlines as ``submit``."""

import asyncio

from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import (
    DEADLINE_SECONDS,
    Change,
    Disclosure,
    Journal,
    Outcome,
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
    await asyncio.sleep(0)  # What arrived at once is prepared first, and shares a commit.
    pending = journal.enqueue(operation)
    answer = asyncio.wrap_future(pending)
    answer.add_done_callback(_seen)
    if await _done(answer, deadline=deadline):
        return answer.result()
    if pending.cancel():
        raise JournalUnavailableError("the journal is busy")
    if await _done(answer, deadline=deadline):
        return answer.result()
    raise OutcomeUnknownError("the journal did not answer in time")


async def _done(answer: "asyncio.Future[Outcome]", *, deadline: float) -> bool:
    done, _ = await asyncio.wait({answer}, timeout=deadline)
    return bool(done)


def _seen(answer: "asyncio.Future[Outcome]") -> None:
    """Take note of an error that nobody waits for any more."""
    if not answer.cancelled():
        answer.exception()
