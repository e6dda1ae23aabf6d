"""Operations that wait for the journal: bounded, urgent ones first, no client hogs a batch.

One queue a writer. A waiter that gives up takes its operation back only while it is still
here; once the writer has it, its outcome is awaited (journal.md 2.6 rule 5).
"""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Final

from storage.company import Company
from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import DEADLINE_SECONDS, Change, Disclosure, Outcome, Urgency

MAX_WAITING: Final = 1024
MAX_CHANGES: Final = 60  # PostgreSQL keeps 64 subtransaction ids (journal.md 2.6 rule 6).
MAX_DISCLOSURES: Final = 256
SHARE: Final = 4  # One client gets at most a quarter of a batch while others wait.


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One operation and the promise of its outcome."""

    operation: Change | Disclosure
    future: Future[Outcome] = field(default_factory=Future)


class Queue:
    """What waits, in the order in which it will be taken."""

    def __init__(self, *, limit: int = MAX_WAITING) -> None:
        """Make an empty queue that refuses more than ``limit`` operations."""
        self._limit = limit
        self._lanes: tuple[deque[Waiting], ...] = tuple(deque() for _ in Urgency)
        self._ready = threading.Condition()
        self._closed = False
        self._company = Company(self._ready, here=self._here)

    def put(self, operation: Change | Disclosure) -> Future[Outcome]:
        """Queue ``operation``.

        Raises:
            JournalUnavailableError: The queue is full, or the writer has stopped.
        """
        waiting = Waiting(operation=operation)
        urgency = operation.urgency if isinstance(operation, Change) else Urgency.NORMAL
        with self._ready:
            if self._closed:
                raise JournalUnavailableError("the journal has stopped")
            here = self._here()
            if here >= self._limit:
                raise JournalUnavailableError("too much waits for the journal")
            self._lanes[urgency].append(waiting)
            self._company.arrived(before=here)
        return waiting.future

    def wait(self, *, timeout: float) -> bool:
        """Wait until something is here; say whether there is."""
        with self._ready:
            return self._ready.wait_for(lambda: any(self._lanes) or self._closed, timeout) and any(
                self._lanes
            )

    def take(self) -> list[Waiting]:
        """Take the next batch: what takes rights away first, then in order of arrival."""
        with self._ready:
            arrived = [waiting for lane in self._lanes for waiting in lane]
            self._company.took(len(arrived))
            taken = _fair(arrived)
            gone = {id(waiting) for waiting in taken}
            for lane in self._lanes:
                kept = [waiting for waiting in lane if id(waiting) not in gone]
                lane.clear()
                lane.extend(kept)
        # A waiter that gave up meanwhile has cancelled its future: it is dropped here.
        return [waiting for waiting in taken if waiting.future.set_running_or_notify_cancel()]

    def gather(self) -> None:
        """Wait for those who come at the same pace."""
        with self._ready:
            self._company.gather(over=lambda: self._closed)

    def _here(self) -> int:
        return sum(map(len, self._lanes))

    def close(self) -> None:
        """Refuse what comes from now on; what waits is still served."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    @property
    def closed(self) -> bool:
        """Say whether the queue takes nothing more."""
        return self._closed


def outcome_of(future: Future[Outcome]) -> Outcome:
    """Wait for an operation that was queued.

    Raises:
        JournalUnavailableError: Its turn did not come; it was taken back.
        OutcomeUnknownError: Its batch had begun and did not end in time.
    """
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


def _fair(arrived: list[Waiting]) -> list[Waiting]:
    """Choose a batch: within the limits, and within its share for each client first."""
    chosen, passed_over = [], []
    rooms = {Change: MAX_CHANGES, Disclosure: MAX_DISCLOSURES}
    shares: Counter[tuple[type, bytes]] = Counter()
    for waiting in arrived:
        kind, quota = type(waiting.operation), waiting.operation.quota_id
        limit = MAX_CHANGES if kind is Change else MAX_DISCLOSURES
        if quota and shares[kind, quota] >= limit // SHARE:
            passed_over.append(waiting)
        elif rooms[kind]:
            rooms[kind] -= 1
            shares[kind, quota] += 1
            chosen.append(waiting)
    chosen.extend(_filling(passed_over, rooms=rooms))  # Room that nobody else wants.
    return chosen


def _filling(candidates: list[Waiting], *, rooms: dict[type, int]) -> Iterator[Waiting]:
    for waiting in candidates:
        kind = type(waiting.operation)
        if rooms[kind]:
            rooms[kind] -= 1
            yield waiting
