"""Awaits the journal without a thread (ADR 0014), under the same deadlines as ``submit``."""

from functools import partial

from api.awaiting import awaited
from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import DEADLINE_SECONDS, Change, Disclosure, Journal, Outcome


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
    return await awaited(
        journal.enqueue(operation),
        deadline=deadline,
        busy=partial(JournalUnavailableError, "the journal is busy"),
        unknown=partial(OutcomeUnknownError, "the journal did not answer in time"),
    )
