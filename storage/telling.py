"""Tells waiters what came of their operations, once the commit has returned."""

import time
from collections.abc import Sequence

from policies.access import Deny, Permit
from storage.journal_append import Judged
from storage.journal_batch import Finished
from storage.waiting import Waiting
from vault.journal.merkle import Frontier, paths_of_batch
from vault.journal.merkle import Path as TreePath
from vault.journal.operations import Committed, Disclosure, Outcome, Refused
from vault.journal.receipts import Receipt


def wake(finished: Finished, old: Frontier) -> None:
    """Tell every waiter, now that the commit has returned."""
    returned_at = time.monotonic()
    sealed = [one.sealed for one in finished.judged if one.sealed is not None]
    paths = paths_of_batch(old, [entry.leaf_hash for entry in sealed])
    for offset, (one, path) in enumerate(zip(finished.judged, paths, strict=True)):
        receipt = _receipt(one, index=old.size + offset, path=path, note=finished.head.note)
        one.waiting.future.set_result(
            _outcome(one, receipt=receipt, at_ms=finished.head.last_ms, returned_at=returned_at)
        )
    for waiting, outcome in finished.answered:
        waiting.future.set_result(outcome)
    for waiting, error in finished.failed:
        waiting.future.set_exception(error)


def _receipt(one: Judged, *, index: int, path: TreePath, note: str) -> Receipt:
    if one.sealed is None:
        raise RuntimeError("an entry was not sealed")
    return Receipt(
        entry_id=one.waiting.operation.entry_id,
        leaf=one.sealed.leaf,
        index=index,
        path=path,
        checkpoint=note,
    )


def _outcome(one: Judged, *, receipt: Receipt, at_ms: int, returned_at: float) -> Outcome:
    entry_id, kept = one.waiting.operation.entry_id, one.kept
    if kept is None:
        raise RuntimeError("an entry was not sealed")
    match one.decided.decision:
        case Permit() as permit:
            return Committed(
                entry_id=entry_id,
                index=receipt.index,
                at_ms=at_ms,
                permit=permit,
                receipt=receipt,
                kept=kept,
                wraps=one.wraps,
                committed_at=returned_at,
                needs_witness=_needs_witness(one),
            )
        case Deny() as deny:
            return Refused(
                entry_id=entry_id,
                index=receipt.index,
                at_ms=at_ms,
                deny=deny,
                receipt=receipt,
                kept=kept,
            )


def _needs_witness(one: Judged) -> bool:
    operation = one.waiting.operation
    return isinstance(operation, Disclosure) and operation.witnessed


def fail(batch: Sequence[Waiting], error: Exception) -> None:
    """Tell every waiter that nothing came of it, and why."""
    for waiting in batch:
        waiting.future.set_exception(error)
