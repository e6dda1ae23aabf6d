"""Units of work of protocol rows that share a commit with whoever else waits (ADR 0044).

A commit costs more than all that a token request writes. One thread takes whatever waits, spends
all that was shown in one statement, lets each act in its turn, and commits once; while it does,
the next ones gather. Nobody is told anything before the commit has returned.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from storage.company import Company
from storage.unit_of_work import inside_unit_of_work
from vault.clients.protocol import Claim
from vault.errors import StorageError
from vault.ports import SharedAct, Work

MAX_WAITING: Final = 1024
TOGETHER: Final = 32
"""Acts in one commit at most: the journal waits for its turn meanwhile."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    claims: Sequence[Claim]
    act: SharedAct[Any]
    future: Future[Any] = field(default_factory=Future)


class SharedTransactions:
    """Implements ``vault.ports.SharedWork`` over plain units of work, in a thread of its own."""

    def __init__(self, work: Work) -> None:
        """Write by ``work``; ``start`` begins."""
        self._work = work
        self._waiting: deque[_Waiting] = deque()
        self._ready = threading.Condition()
        self._company = Company(self._ready, here=lambda: len(self._waiting))
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="protocol", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, serve what waits, and end the thread."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
        self._thread.join()

    def enqueue(self, claims: Sequence[Claim], act: SharedAct[T]) -> Future[T]:
        """Queue a unit of work (see the port)."""
        if inside_unit_of_work():
            raise RuntimeError("a shared unit of work inside another")
        waiting = _Waiting(claims=claims, act=act)
        with self._ready:
            if self._closed:
                raise StorageError("the database is being closed")
            here = len(self._waiting)
            if here >= MAX_WAITING:
                raise StorageError("too much waits for the database")
            self._waiting.append(waiting)
            self._company.arrived(before=here)
        return waiting.future

    def _run(self) -> None:
        while batch := self._taken():
            self._serve(batch)

    def _taken(self) -> list[_Waiting]:
        """Return what waits, once anything does; nothing when there will never be more."""
        with self._ready:
            while True:
                self._ready.wait_for(lambda: self._waiting or self._closed)
                self._company.gather(over=lambda: self._closed)
                self._company.took(len(self._waiting))
                count = min(TOGETHER, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(count)]
                here = [one for one in taken if one.future.set_running_or_notify_cancel()]
                if here or not taken:
                    return here

    def _serve(self, batch: Sequence[_Waiting]) -> None:
        """Commit ``batch``; if one of several is at fault, each on its own."""
        try:
            results = self._committed(batch)
        except Exception as error:  # noqa: BLE001 - nobody waits forever, whatever happened
            if len(batch) > 1 and not isinstance(error, StorageError):
                for one in batch:
                    self._serve([one])
                return
            for one in batch:
                one.future.set_exception(error)
        else:
            for one, result in zip(batch, results, strict=True):
                one.future.set_result(result)

    def _committed(self, batch: Sequence[_Waiting]) -> list[Any]:
        with self._work() as tx:
            fresh = iter(tx.protocol.claim([claim for one in batch for claim in one.claims]))
            return [one.act(tx, [next(fresh) for _ in one.claims]) for one in batch]


@contextmanager
def shared_transactions(work: Work) -> Iterator[SharedTransactions]:
    """Serve while the block runs; who waits when it ends is still served."""
    shared = SharedTransactions(work)
    shared.start()
    try:
        yield shared
    finally:
        shared.stop()
