"""Awaits the journal without a thread (ADR 0014), under the same deadlines as ``submit``."""

from functools import partial

from api.awaiting import awaited
from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import DEADLINE_SECONDS, Change, Disclosure, Journal, Outcome
from vault.services import Vault
from vault.services.witnessing import (
    WITNESS_SECONDS,
    asked_witnesses,
    not_witnessed,
    witnessed,
)


async def secured(vault: Vault, outcome: Outcome, *, log_id: int) -> Outcome:
    """Await witnesses, if ``outcome`` opens nothing without them.

    Raises:
        NotWitnessedError: No quorum signed within a second; nothing was released.
    """
    pending = asked_witnesses(vault, outcome, log_id=log_id)
    if pending is None:
        return outcome
    note = await awaited(
        pending, deadline=WITNESS_SECONDS, busy=not_witnessed, unknown=not_witnessed
    )
    return witnessed(vault, outcome, note, log_id=log_id)


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
