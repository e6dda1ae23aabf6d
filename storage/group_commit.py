"""The journal writer: one thread that commits what waits, together, under the head's lock.

The order of the log is the order of everything (journal.md 2). A waiter is told only after
the commit returned; whatever cannot be committed is told as an error, and nothing is released
for it. The writer owns its connection; a thread that waits for it holds nothing.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from policies.access import Deny, Permit
from storage.journal_append import Judged, LogIdentity
from storage.journal_batch import Batch, Finished
from storage.journal_guard import HeadGuard
from storage.journal_rows import JournalRows
from storage.log_rows import HeadRow
from storage.unit_of_work import SqlTx, inside_unit_of_work
from storage.waiting import Queue, Waiting
from vault.clock import Clock
from vault.errors import (
    JournalUnavailableError,
    LogFrozenError,
    OutcomeUnknownError,
    StorageError,
    VaultError,
)
from vault.journal.merkle import Frontier, paths_of_batch
from vault.journal.merkle import Path as TreePath
from vault.journal.operations import (
    DEADLINE_SECONDS,
    Change,
    Committed,
    Disclosure,
    Outcome,
    Pending,
    Refused,
)
from vault.journal.receipts import Receipt

IDLE_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How the writer reaches the database.

    Attributes:
        transaction: Opens a write transaction on a connection of its own, in turn with other
            writers, the journal first; commits when the block ends without error.
        outcome_open: Says whether an error leaves open whether the commit happened.
    """

    transaction: Callable[[], AbstractContextManager[Connection]]
    outcome_open: Callable[[Exception], bool]


class GroupCommit:
    """Implements ``vault.journal.operations.Journal`` over one log of a database."""

    def __init__(
        self,
        *,
        writing: Writing,
        identity: LogIdentity,
        state_path: Path,
        clock: Clock,
        on_fatal: Callable[[Exception], None],
    ) -> None:
        """Prepare a writer; ``start`` runs it.

        Args:
            writing: Transactions for this writer alone.
            identity: Log, keys and randomness.
            state_path: Where the last committed head is kept, apart from the database.
            clock: Time of the batches.
            on_fatal: Called when the outcome of a commit cannot be known; ends the process.
        """
        self._writing = writing
        self._identity = identity
        self._guard = HeadGuard(signer=identity.signer, path=state_path)
        self._clock = clock
        self._on_fatal = on_fatal
        self._queue = Queue()
        self._stopped: VaultError | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Check the log against what was last seen of it, then serve.

        Raises:
            LogFrozenError: The database is older than the state file, or does not continue it.
        """
        try:
            with self._writing.transaction() as connection:
                self._checked(JournalRows(connection))
        except LogFrozenError as error:
            self._freeze(error)
            raise
        self._thread.start()

    def stop(self) -> None:
        """Serve what waits, keep the state, and end the thread."""
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> bool:
        """Say whether the writer serves; for readiness."""
        return self._thread.is_alive() and self._stopped is None

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        """Queue ``operation`` without waiting; its result is the outcome."""
        if inside_unit_of_work():  # Half of such a deadlock no database can see.
            raise RuntimeError("submit inside a unit of work")
        if operation.log_id != self._identity.log_id:
            raise RuntimeError("this operation belongs to another log")
        if self._stopped is not None:  # Anew: an error that is raised again and again grows.
            raise type(self._stopped)(*self._stopped.args) from self._stopped
        return self._queue.put(operation)

    def submit(self, operation: Change | Disclosure) -> Outcome:
        """Queue ``operation``, wait for its commit, return the outcome (see the port)."""
        future = self.enqueue(operation)
        try:
            return future.result(DEADLINE_SECONDS)
        except FutureTimeoutError:
            pass
        if future.cancel():
            raise JournalUnavailableError("the journal is busy")
        try:
            return future.result(DEADLINE_SECONDS)
        except (FutureTimeoutError, CancelledError) as error:
            raise OutcomeUnknownError("the journal did not answer in time") from error

    def _run(self) -> None:
        while not (self._queue.closed and not self._queue.wait(timeout=0)):
            if self._queue.wait(timeout=IDLE_SECONDS):
                batch = self._queue.take()
                if batch:
                    self._serve(batch)
            self._keep_state()
        self._keep_state(at_once=True)

    def _keep_state(self, *, at_once: bool = False) -> None:
        try:
            self._guard.keep(at_once=at_once)
        except StorageError:
            _log.exception("the journal's state file cannot be written")

    def _serve(self, batch: Sequence[Waiting]) -> None:
        """Commit ``batch``; where it fails as a whole, its halves, down to the one at fault."""
        if self._stopped is not None:
            _fail(batch, self._stopped)
            return
        try:
            finished, old = self._commit(batch)
        except LogFrozenError as error:
            self._stopped = error
            _fail(batch, error)
            self._freeze(error)
        except Exception as error:  # noqa: BLE001 - nobody waits forever, whatever happened
            self._failed(batch, error)
        else:
            _wake(finished, old)

    def _failed(self, batch: Sequence[Waiting], error: Exception) -> None:
        if self._writing.outcome_open(error):
            # A failed sync is never retried: what is on the disk is known only after a restart.
            self._stopped = OutcomeUnknownError("the journal lost the answer to a commit")
            _fail(batch, self._stopped)
            _log.critical("the outcome of a commit is unknown", exc_info=error)
            self._on_fatal(error)
        elif len(batch) == 1 or isinstance(error, StorageError):
            unavailable = JournalUnavailableError("the journal cannot be written")
            unavailable.__cause__ = error
            _log.error("a batch was not committed", size=len(batch), exc_info=error)
            _fail(batch, unavailable)
        else:
            middle = len(batch) // 2
            self._serve(batch[:middle])
            self._serve(batch[middle:])

    def _commit(self, batch: Sequence[Waiting]) -> tuple[Finished, Frontier]:
        with self._writing.transaction() as connection:
            rows = JournalRows(connection)
            head, frontier = self._checked(rows)
            finished = Batch(
                rows=rows,
                tx=SqlTx(connection),
                identity=self._identity,
                head=head,
                frontier=frontier,
                now_ms=max(head.last_ms, self._clock.now_ms()),
            ).run(batch)
        self._guard.committed(finished.head, finished.frontier)
        return finished, frontier

    def _freeze(self, error: LogFrozenError) -> None:
        """Freeze state file and head row; what of it fails is found again at the next start."""
        _log.critical("the log is frozen", reason=str(error))
        try:
            self._guard.freeze()
            with self._writing.transaction() as connection:
                JournalRows(connection).freeze(self._identity.log_id)
        except VaultError:
            _log.exception("the freezing of the log could not be written down")

    def _checked(self, rows: JournalRows) -> tuple[HeadRow, Frontier]:
        head = rows.lock_head(self._identity.log_id)
        if head is None:
            raise LogFrozenError("the database has no journal; run `myspace doctor`")
        return head, self._guard.check(head, rows=rows)


def _wake(finished: Finished, old: Frontier) -> None:
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


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.future.set_exception(error)
