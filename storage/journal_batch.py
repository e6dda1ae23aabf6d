"""One batch of the journal (journal.md 2.2), from the locked head to the new one.

The order is the design: claims, then tokens, then changes one by one in savepoints, then all
disclosures together, so that a revocation beside a pull wins; then the entries, in this order.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from policies.access import EXHAUSTED, NOT_LIVE, REPLAYED, Permit, overrule
from storage.budget import Slowest
from storage.failures import DatabaseFailure, failure
from storage.journal_append import Append, Judged, LogIdentity
from storage.journal_rows import JournalRows, TransactionLostError, claim_key
from storage.log_rows import HeadRow
from storage.row_states import SYSTEM, BatchGuard, Owner
from storage.use_rows import Uses
from storage.waiting import Waiting
from vault.clock import MS
from vault.errors import IntegrityError, VaultError
from vault.ids import EntryId
from vault.journal.merkle import Frontier
from vault.journal.operations import Change, Decided, Disclosure, Outcome, Repeated, Spend
from vault.notices import Notice
from vault.ports import Tx
from vault.records import VersionRef
from vault.use_receipts import UseReceipt

NO_TOKEN: Final = b""
"""A person or the operator acts."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a batch came to; told to the waiters after the commit, never before."""

    head: HeadRow
    frontier: Frontier
    judged: tuple[Judged, ...]
    answered: tuple[tuple[Waiting, Outcome], ...]
    failed: tuple[tuple[Waiting, Exception], ...]

    @property
    def entries(self) -> tuple[EntryId, ...]:
        """Ids of the entries that were written."""
        return tuple(one.waiting.operation.entry_id for one in self.judged)


class Batch:
    """Runs over one open transaction whose head is locked; commits nothing itself.

    Attributes:
        slowest: What took longest so far.
    """

    def __init__(
        self,
        *,
        rows: JournalRows,
        tx: Tx,
        guard: BatchGuard,
        identity: LogIdentity,
        head: HeadRow,
        frontier: Frontier,
        now_ms: int,
    ) -> None:
        """Start from ``head``, whose signature and ``frontier`` the caller has checked."""
        self._rows = rows
        self._tx = tx
        self._guard = guard
        self._states = states = guard.states
        self._append = Append(
            rows, identity=identity, head=head, frontier=frontier, states=states, now_ms=now_ms
        )
        self._now_ms = now_ms
        self._judged: list[Judged] = []
        self._answered: list[tuple[Waiting, Outcome]] = []
        self._failed: list[tuple[Waiting, Exception]] = []
        self.slowest = Slowest()

    def run(self, batch: Sequence[Waiting]) -> Finished:
        """Judge every operation, append the entries, move the head."""
        fresh = self._rows.claim([c for w in batch for c in w.operation.claims])
        live = self._live(batch)
        self._states.load({SYSTEM, *(owner for w in batch if (owner := _owner(w)))})
        disclosures: list[tuple[Waiting, Disclosure]] = []
        for waiting in batch:
            operation = waiting.operation
            claims = set(map(claim_key, operation.claims))
            replayed = not claims <= fresh
            fresh -= claims  # The second of two equal claims in one batch is a replay too.
            if not self._sound(waiting):
                continue
            if replayed:
                self._judged.append(_overruled(waiting, operation.decided, reason=REPLAYED))
            elif operation.token_hash not in live:
                self._judged.append(_overruled(waiting, operation.decided, reason=NOT_LIVE))
            elif isinstance(operation, Change):
                self._try(waiting, partial(self._change, waiting, operation))
            else:
                disclosures.append((waiting, operation))
        self._disclose(disclosures)
        head, frontier = self._append.run(self._judged)
        return Finished(
            head=head,
            frontier=frontier,
            judged=tuple(self._judged),
            answered=tuple(self._answered),
            failed=tuple(self._failed),
        )

    def _sound(self, waiting: Waiting) -> bool:
        """Say whether the state row of the holder concerned holds; else tell who waits."""
        owner = _owner(waiting)
        try:
            if owner is not None:
                self._states.check(owner)
        except IntegrityError as error:
            self._tell_broken(waiting, error)
            return False
        return True

    def _tell_broken(self, waiting: Waiting, error: IntegrityError) -> None:
        """Refuse an operation whose guarded rows do not verify: nothing of it is written."""
        _log.error("a guarded row does not verify", reason=str(error))
        self._failed.append((waiting, error))

    def _live(self, batch: Sequence[Waiting]) -> set[bytes]:
        """Return the tokens that may ask: read here, under the lock, they stand in its order."""
        hashes = {waiting.operation.token_hash for waiting in batch} - {NO_TOKEN}
        return self._rows.live_tokens(hashes, now=self._now_ms // MS) | {NO_TOKEN}

    def _try(self, waiting: Waiting, run: Callable[[], Judged | Repeated]) -> None:
        """Run one operation in its savepoint; what it raises is its own caller's business."""
        since = time.monotonic()
        mark = self._states.mark()
        try:
            with self._rows.savepoint():
                outcome = run()
        except TransactionLostError:
            raise
        except IntegrityError as error:
            self._states.back(mark)
            self._tell_broken(waiting, error)
        except VaultError as error:
            self._states.back(mark)
            self._failed.append((waiting, error))
        except DatabaseFailure as error:
            self._states.back(mark)
            told = failure(error)
            told.__cause__ = error
            self._failed.append((waiting, told))
        except Exception as error:  # noqa: BLE001 - one broken guard must not stop the others
            self._states.back(mark)
            _log.exception("a journal operation failed")
            self._failed.append((waiting, error))
        else:
            if isinstance(outcome, Repeated):
                self._answered.append((waiting, outcome))
            else:
                self._judged.append(outcome)
        finally:
            self.slowest.took(waiting.operation.decide, since=since)

    def _change(self, waiting: Waiting, change: Change) -> Judged | Repeated:
        """Guard a change from live rows, then write it; a refused one may be asked again."""
        request = change.request
        if request is not None:
            answer = self._rows.recall(change.log_id, request)
            if answer is not None:
                return Repeated(answer=answer)
        decided = change.decide(self._tx, self._now_ms)
        if isinstance(decided.decision, Permit):
            if request is not None:
                self._rows.remember(change.log_id, request, entry_id=change.entry_id)
            change.effect(self._tx, self._now_ms)
        return Judged(waiting=waiting, decided=decided)

    def _disclose(self, disclosures: Sequence[tuple[Waiting, Disclosure]]) -> None:
        """Judge all disclosures together: their rows are compared in one read a table."""
        before = len(self._judged)
        versions = self._rows.versions({s for _, op in disclosures for s in op.decided.seen})
        for waiting, operation in disclosures:
            early = operation.decided
            in_time = early.holds_until_ms is None or self._now_ms < early.holds_until_ms
            if in_time and all(versions.get((s.table, s.key)) == s.version for s in early.seen):
                self._stand(waiting, early)
            else:
                self._try(waiting, partial(self._decide_anew, waiting, operation))
        self._judged[before:] = judged = self._released(self._judged[before:])
        self._rows.notify([n for one in judged for n in _notices(one, self._now_ms)])
        self._rows.owe([r for one in judged for r in _owed(one, self._now_ms)])

    def _stand(self, waiting: Waiting, early: Decided) -> None:
        """Let an early decision stand, if the journal knows the rows as they were read."""
        try:
            self._states.expects_seen(early.seen)
        except IntegrityError as error:
            self._tell_broken(waiting, error)
        else:
            self._judged.append(Judged(waiting=waiting, decided=early))

    def _decide_anew(self, waiting: Waiting, operation: Disclosure) -> Judged:
        return Judged(waiting=waiting, decided=operation.decide(self._tx, self._now_ms))

    def _released(self, judged: Sequence[Judged]) -> list[Judged]:
        """Give each release its wrapped keys and its uses; nothing is unwrapped.

        Uses are allotted in the order of the queue, all that one needs or none.
        """
        permitted = [one for one in judged if _permitted(one)]
        wraps, left = self._rows.kept(
            {ref for one in permitted for ref in _releases(one)},
            {spend for one in permitted for spend in _spends(one)},
        )
        uses = {spend: Uses(row, guard=self._guard) for spend, row in left.items()}
        kept = []
        for one in judged:
            needed = _releases(one) if _permitted(one) else ()
            wanted = Counter(_spends(one) if _permitted(one) else ())
            if not all(ref in wraps for ref in needed):
                missing = IntegrityError("a record has no key any more")
                self._failed.append((one.waiting, missing))
                continue
            try:
                fits = all(spend in uses and uses[spend].fit(n) for spend, n in wanted.items())
            except IntegrityError as error:
                self._tell_broken(one.waiting, error)
                continue
            if fits:
                one.wraps = tuple(wraps[ref] for ref in needed)
                for spend, n in wanted.items():
                    uses[spend].count(n)
                kept.append(one)
            else:
                kept.append(_overruled(one.waiting, one.decided, reason=EXHAUSTED))
        self._rows.spend([use.counted() for use in uses.values() if use.changed])
        return kept


def _overruled(waiting: Waiting, early: Decided, *, reason: str) -> Judged:
    deny = overrule(early.decision, reason)
    return Judged(
        waiting=waiting, decided=Decided(decision=deny, seen=early.seen, inputs=early.inputs)
    )


def _owner(waiting: Waiting) -> Owner | None:
    """Return whose state row an operation concerns."""
    space = waiting.operation.space
    return None if space is None else (space.log_id, space.holder_id)


def _permitted(one: Judged) -> bool:
    return isinstance(one.decided.decision, Permit)


def _spends(one: Judged) -> tuple[Spend, ...]:
    operation = one.waiting.operation
    return operation.spends if isinstance(operation, Disclosure) else ()


def _releases(one: Judged) -> tuple[VersionRef, ...]:
    operation = one.waiting.operation
    return operation.releases if isinstance(operation, Disclosure) else ()


def _notices(one: Judged, now_ms: int) -> tuple[Notice, ...]:
    operation = one.waiting.operation
    if not isinstance(operation, Disclosure):
        return ()
    return operation.notices(one.decided.decision, now_ms)


def _owed(one: Judged, now_ms: int) -> tuple[UseReceipt, ...]:
    operation = one.waiting.operation
    if not isinstance(operation, Disclosure) or operation.owes is None or not _permitted(one):
        return ()
    return (operation.owes(now_ms),)
