"""What leaves only if witnesses have signed: the level ``witnessed`` (journal.md 7).

The entry is committed first, as ever. Then a quorum of witnesses has a second to sign a checkpoint
that covers it; without that nothing is opened, and the entry stays in the log as one whose release
was never delivered. The receipt that is handed out is of the checkpoint that they signed.
"""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import Final

from policies.catalogue import EvidenceType
from policies.scopes import View
from vault.errors import NotWitnessedError
from vault.journal.checkpoints import parse_checkpoint
from vault.journal.operations import Committed, Disclosure, Outcome
from vault.services import Vault

WITNESS_SECONDS: Final = 1.0


def must_be_witnessed(vault: Vault, kind: EvidenceType, view: View) -> bool:
    """Say whether this evidence leaves only witnessed: whole files of the groups that are set."""
    return vault.watch is not None and view is View.FULL and kind.group in vault.watch.groups


def asked_witnesses(vault: Vault, outcome: Outcome, *, log_id: int) -> Future[str] | None:
    """Ask for witnesses where ``outcome`` opens nothing without; return what to wait for."""
    if vault.watch is None or not isinstance(outcome, Committed) or not outcome.needs_witness:
        return None
    return vault.watch.ask(log_id, outcome.index + 1)


def witnessed(vault: Vault, outcome: Outcome, note: str, *, log_id: int) -> Outcome:
    """Return ``outcome`` as one that opens, with the receipt at the checkpoint ``note``.

    Args:
        vault: Reads the log.
        outcome: Was asked about.
        note: What ``asked_witnesses`` came to; its lines were verified.
        log_id: Of the entry.

    Raises:
        NotWitnessedError: The checkpoint does not cover the entry.
    """
    size = parse_checkpoint(note).size
    if not isinstance(outcome, Committed) or size <= outcome.index:
        raise not_witnessed()
    path = vault.logs[log_id].inclusion(outcome.index, size)
    receipt = replace(outcome.receipt, path=path, checkpoint=note)
    return replace(outcome, receipt=receipt, needs_witness=False)


def secured(vault: Vault, outcome: Outcome, *, log_id: int) -> Outcome:
    """Wait for witnesses, if ``outcome`` needs them; the waiting thread holds nothing.

    Raises:
        NotWitnessedError: No quorum signed within a second. Nothing left.
    """
    pending = asked_witnesses(vault, outcome, log_id=log_id)
    if pending is None:
        return outcome
    try:
        note = pending.result(WITNESS_SECONDS)
    except FutureTimeoutError as error:
        pending.cancel()
        raise not_witnessed() from error
    return witnessed(vault, outcome, note, log_id=log_id)


def submitted(vault: Vault, operation: Disclosure) -> Outcome:
    """Submit ``operation``; what must be witnessed is, or nothing leaves.

    Raises:
        JournalUnavailableError: Not known to be committed.
        NotWitnessedError: No quorum signed within a second.
    """
    return secured(vault, vault.journal.submit(operation), log_id=operation.log_id)


def not_witnessed() -> NotWitnessedError:
    """Return the error for an entry that no quorum has signed in time."""
    return NotWitnessedError("the entry is in the log, but too few witnesses have signed it")
