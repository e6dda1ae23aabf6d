"""The journal writer: one thread that commits what waits, together, under the head's lock.

The order of the log is the order of everything (journal.md 2). A waiter is told only after
the commit returned; whatever cannot be committed is told as an error, and nothing is released
for it. The writer owns its connection; a thread that waits for it holds nothing.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from storage.budget import Budget
from storage.failures import BusyError, OutcomeOpenError
from storage.hearing import Hearing
from storage.journal_append import LogIdentity
from storage.journal_batch import Batch, Finished
from storage.journal_guard import HeadGuard
from storage.journal_rows import JournalRows
from storage.log_rows import HeadRow, LogRows
from storage.row_states import BatchGuard
from storage.telling import fail, wake
from storage.unit_of_work import SqlTx, inside_unit_of_work
from storage.waiting import Queue, Waiting, outcome_of
from storage.writing import Writing, has_happened
from vault.clock import Clock
from vault.errors import (
    JournalUnavailableError,
    LogFrozenError,
    OutcomeUnknownError,
    StorageError,
    VaultError,
)
from vault.journal.merkle import Frontier
from vault.journal.operations import Change, Disclosure, Outcome, Pending

IDLE_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class GroupCommit:
    """Implements ``vault.journal.operations.Journal`` over one log of a database."""

    def __init__(
        self,
        *,
        writing: Writing,
        identity: LogIdentity,
        state_path: Path,
        others: Sequence[Path] = (),
        published: Path | None = None,
        clock: Clock,
        on_fatal: Callable[[Exception], None],
    ) -> None:
        """Prepare a writer; ``start`` runs it.

        Args:
            writing: Transactions for this writer alone.
            identity: Log, keys and randomness.
            state_path: Where the last committed head is kept, apart from the database.
            others: Where other processes keep it.
            published: Where the checkpoint lies that was published last.
            clock: Time of the batches.
            on_fatal: Called when the outcome of a commit cannot be known; ends the process.
        """
        self._writing = writing
        self._identity = identity
        self._guard = HeadGuard(
            signer=identity.signer,
            path=state_path,
            others=others,
            published=published,
            alone=not writing.shared,
        )
        self._clock = clock
        self._on_fatal = on_fatal
        self._through: object = None
        self._queue = Queue()
        self._budget = Budget()
        self._stopped: VaultError | None = None
        self._at_stake: tuple[Finished, Frontier] | None = None
        self._hearing = Hearing()
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
        self._hearing.answered()
        self._thread.start()

    def stop(self) -> None:
        """Serve what waits, keep the state, and end the thread."""
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> bool:
        """Say whether the writer serves, as far as it knows; for readiness."""
        serves = self._thread.is_alive() and self._stopped is None and not self._queue.closed
        return serves and (not self._writing.shared or self._hearing.good)

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
        return outcome_of(self.enqueue(operation))

    def halt(self, reason: str) -> None:
        """Take no more entries until a restart: somebody has seen more of the log than is here."""
        if self._stopped is None:
            self._stopped = LogFrozenError(f"the log is frozen: {reason}")
            _log.critical("the log is frozen", reason=reason)

    def _run(self) -> None:
        while not (self._queue.closed and not self._queue.wait(timeout=0)):
            if self._queue.wait(timeout=IDLE_SECONDS):
                self._queue.gather()
                self._serve_next()
            elif self._writing.shared:
                self._look()
            self._keep_state()
        self._keep_state(at_once=True)

    def _keep_state(self, *, at_once: bool = False) -> None:
        try:
            self._guard.keep(at_once=at_once)
        except StorageError:
            _log.exception("the journal's state file cannot be written")

    def _look(self) -> None:
        """Compare the database with what was seen, while nothing waits here; others write too."""
        if self._stopped is not None or not self._guard.due():
            return
        # One that did not answer is back when it lets us write, on the connection for that.
        look = self._writing.reading if self._hearing.good else self._writing.transaction
        try:
            with look() as connection:
                self._known_head(LogRows(connection).head(self._identity.log_id), connection)
        except LogFrozenError as error:
            self._stop_frozen(error)
        except VaultError as error:
            if self._hearing.good:  # Said once, and not at each look until it is back.
                _log.warning("the log could not be looked at", exc_info=error)
            self._hearing.failed()
        else:
            self._hearing.answered()

    def _serve_next(self) -> None:
        """Commit what waits. It is taken once the head is locked: meanwhile more has come."""
        taken = list[Waiting]()

        def take() -> Sequence[Waiting]:
            taken.extend(self._queue.take())
            return taken

        try:
            self._serve(take)
        except Exception as error:  # noqa: BLE001 - nobody waits forever, whatever happened
            if isinstance(error, BusyError) and not taken:  # They still wait, and may give up.
                _log.warning("the head of the log is held by somebody else", exc_info=error)
                return
            self._failed(taken or self._queue.take(), error)

    def _serve_part(self, batch: Sequence[Waiting]) -> None:
        try:
            self._serve(lambda: batch)
        except Exception as error:  # noqa: BLE001 - nobody waits forever, whatever happened
            self._failed(batch, error)

    def _serve(self, take: Callable[[], Sequence[Waiting]]) -> None:
        if self._stopped is not None:
            fail(take(), self._stopped)
            return
        self._at_stake = None
        finished, old = self._commit(take)
        wake(finished, old)

    def _failed(self, batch: Sequence[Waiting], error: Exception) -> None:
        """Tell a batch that failed as a whole, or try its halves, down to the one at fault."""
        if isinstance(error, LogFrozenError):
            fail(batch, error)
            self._stop_frozen(error)
        elif isinstance(error, OutcomeOpenError):
            self._resolve(batch, error)
        elif len(batch) == 1 or isinstance(error, StorageError):
            self._guard.doubt()
            self._hearing.failed()  # Until the next look, which is due at once.
            unavailable = JournalUnavailableError("the journal cannot be written")
            unavailable.__cause__ = error
            _log.error("a batch was not committed", size=len(batch), exc_info=error)
            fail(batch, unavailable)
        else:
            middle = len(batch) // 2
            self._serve_part(batch[:middle])
            self._serve_part(batch[middle:])

    def _resolve(self, batch: Sequence[Waiting], error: Exception) -> None:
        """Find out whether a commit happened whose answer was lost (journal.md 2.4)."""
        unknown = OutcomeUnknownError("the journal lost the answer to a commit")
        if not self._writing.shared:
            # A failed sync is never retried: what is on the disk is known only after a restart.
            self._stopped = unknown
            fail(batch, unknown)
            _log.critical("the outcome of a commit is unknown", exc_info=error)
            self._on_fatal(error)
            return
        self._guard.doubt()
        self._hearing.failed()
        entries = [] if self._at_stake is None else self._at_stake[0].entries
        happened = has_happened(self._writing, log_id=self._identity.log_id, entries=entries)
        _log.warning("the answer to a commit was lost", happened=happened, exc_info=error)
        if happened and self._at_stake is not None:
            finished, old = self._at_stake
            self._guard.committed(finished.head, finished.frontier)  # It was seen, as any other.
            wake(finished, old)
        else:
            undone = JournalUnavailableError("the journal could not be written")
            fail(batch, unknown if happened is None else undone)

    def _commit(self, take: Callable[[], Sequence[Waiting]]) -> tuple[Finished, Frontier]:
        with self._writing.transaction() as connection:
            rows = JournalRows(connection)
            head, frontier = self._checked(rows)
            held_since = time.monotonic()
            batch = take()
            if any(waiting.operation.space is None for waiting in batch):
                rows.lock_heads_after(self._identity.log_id)
            rows.hurry()
            guard = BatchGuard.over(rows, macs=self._writing.guard.macs, head=head)
            judging = Batch(
                rows=rows,
                tx=SqlTx(connection, guard=guard),
                guard=guard,
                identity=self._identity,
                head=head,
                frontier=frontier,
                now_ms=max(head.last_ms, self._clock.now_ms()),
            )
            finished = judging.run(batch)
            self._at_stake = (finished, frontier)
            self._budget.spent(since=held_since, operations=len(batch), slowest=judging.slowest)
        self._guard.committed(finished.head, finished.frontier)
        self._hearing.answered()
        return finished, frontier

    def _stop_frozen(self, error: LogFrozenError) -> None:
        self._stopped = error
        self._freeze(error)

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
        through = rows.connection.connection.dbapi_connection
        if through is not self._through:  # Another server may have taken over meanwhile.
            self._guard.doubt()
            self._through = through
        head = rows.lock_head(self._identity.log_id)
        return self._known_head(head, rows.connection)

    def _known_head(
        self, head: HeadRow | None, connection: Connection
    ) -> tuple[HeadRow, Frontier]:
        if head is None:
            raise LogFrozenError("the database has no journal; run `myspace doctor`")
        return head, self._guard.check(head, rows=LogRows(connection))
