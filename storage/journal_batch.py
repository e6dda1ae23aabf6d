"""One batch of the journal (journal.md 2.2), from the locked head to the new one.

The order is the design: claims, then changes one by one in savepoints, then all disclosures
together, so that a revocation beside a pull wins; numbers only once every outcome is known,
so that nothing rolled back leaves a hole; then leaves, tiles, and a note signed over exactly
the head that is about to be committed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from policies.access import Permit, overrule
from storage.journal_rows import EntryRow, HeadRow, JournalRows
from storage.tree import Tree
from storage.waiting import Waiting
from vault.crypto.signing import SignerKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, VaultError
from vault.ids import RandomBytes
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier
from vault.journal.operations import (
    Change,
    Decided,
    Disclosure,
    Kept,
    Outcome,
    RecordWrap,
    Repeated,
    Spend,
)
from vault.journal.sealing import SealedEntry, seal_decision_inputs, seal_entry
from vault.journal.tiles import filled_tiles
from vault.notices import Notice
from vault.ports import Tx
from vault.records import VersionRef

REPLAYED: Final = "proof-replayed"
EXHAUSTED: Final = "uses-exhausted"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """What a log is signed and sealed with."""

    log_id: int
    vault_id: bytes
    suite: Suite
    signer: SignerKey
    random: RandomBytes


@dataclass(slots=True, kw_only=True)
class Judged:
    """An operation whose entry will be written."""

    waiting: Waiting
    decided: Decided
    wraps: tuple[RecordWrap, ...] = ()
    sealed: SealedEntry | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a batch came to; told to the waiters after the commit, never before."""

    head: HeadRow
    frontier: Frontier
    judged: tuple[Judged, ...]
    answered: tuple[tuple[Waiting, Outcome], ...]
    failed: tuple[tuple[Waiting, Exception], ...]


class Batch:
    """Runs over one open transaction whose head is locked; commits nothing itself."""

    def __init__(
        self,
        *,
        rows: JournalRows,
        tx: Tx,
        identity: LogIdentity,
        head: HeadRow,
        frontier: Frontier,
        now_ms: int,
    ) -> None:
        """Start from ``head``, whose signature and ``frontier`` the caller has checked."""
        self._rows = rows
        self._tx = tx
        self._identity = identity
        self._head = head
        self._frontier = frontier
        self._now_ms = now_ms
        self._judged: list[Judged] = []
        self._answered: list[tuple[Waiting, Outcome]] = []
        self._failed: list[tuple[Waiting, Exception]] = []

    def run(self, batch: Sequence[Waiting]) -> Finished:
        """Judge every operation, append the entries, move the head."""
        fresh = self._rows.claim([c for w in batch for c in w.operation.claims])
        disclosures: list[Waiting] = []
        for waiting in batch:
            operation = waiting.operation
            hashes = {claim.key_hash for claim in operation.claims}
            if not hashes <= fresh:
                self._refuse_replay(waiting)
                continue
            fresh -= hashes  # The second of two equal claims in one batch is a replay too.
            if isinstance(operation, Change):
                self._try(waiting, partial(self._change, waiting, operation))
            else:
                disclosures.append(waiting)
        self._disclose(disclosures)
        head, frontier = self._append() if self._judged else (self._head, self._frontier)
        return Finished(
            head=head,
            frontier=frontier,
            judged=tuple(self._judged),
            answered=tuple(self._answered),
            failed=tuple(self._failed),
        )

    def _refuse_replay(self, waiting: Waiting) -> None:
        early = waiting.operation.decided
        deny = overrule(early.decision, REPLAYED)
        self._judged.append(
            Judged(
                waiting=waiting,
                decided=Decided(decision=deny, seen=early.seen, inputs=early.inputs),
            )
        )

    def _try(self, waiting: Waiting, run: Callable[[], None]) -> None:
        """Run one operation in its savepoint; what it raises is its own caller's business."""
        try:
            with self._rows.savepoint():
                run()
        except VaultError as error:
            self._failed.append((waiting, error))
        except Exception as error:  # noqa: BLE001 - one broken guard must not stop the others
            _log.exception("a journal operation failed", exc_info=error)
            self._failed.append((waiting, error))

    def _change(self, waiting: Waiting, change: Change) -> None:
        if change.request is not None:
            answer = self._rows.remember(change.log_id, change.request, entry_id=change.entry_id)
            if answer is not None:
                self._answered.append((waiting, Repeated(answer=answer)))
                return
        decided = change.decide(self._tx, self._now_ms)
        if isinstance(decided.decision, Permit):
            change.effect(self._tx, self._now_ms)
        self._judged.append(Judged(waiting=waiting, decided=decided))

    def _disclose(self, disclosures: Sequence[Waiting]) -> None:
        """Judge all disclosures together: their rows are compared in one read a table."""
        operations = [(w, w.operation) for w in disclosures if isinstance(w.operation, Disclosure)]
        versions = self._rows.versions({s for _, op in operations for s in op.decided.seen})
        judged: list[Judged] = []
        for waiting, operation in operations:
            early = operation.decided
            in_time = early.holds_until_ms is None or self._now_ms < early.holds_until_ms
            if in_time and all(versions.get((s.table, s.key)) == s.version for s in early.seen):
                judged.append(Judged(waiting=waiting, decided=early))
            else:
                self._decide_anew(waiting, operation, into=judged)
        self._spend(judged)
        self._fetch_wraps(judged)
        notices = [n for one in judged for n in _notices(one, self._now_ms)]
        self._rows.notify(notices)
        self._judged += judged

    def _decide_anew(self, waiting: Waiting, operation: Disclosure, *, into: list[Judged]) -> None:
        def run() -> None:
            decided = operation.decide(self._tx, self._now_ms)
            into.append(Judged(waiting=waiting, decided=decided))

        self._try(waiting, run)

    def _spend(self, judged: Sequence[Judged]) -> None:
        """Allot uses in the order of the queue; what is left over is refused."""
        wanted = [(one, s) for one in judged if _permitted(one) for s in _spends(one)]
        left = self._rows.uses({spend for _, spend in wanted})
        counts: Counter[Spend] = Counter()
        for one, spend in wanted:
            used, limit = left.get(spend, (0, 0))
            if limit is None or used + counts[spend] < limit:
                counts[spend] += 1
            else:
                deny = overrule(one.decided.decision, EXHAUSTED)
                one.decided = Decided(
                    decision=deny, seen=one.decided.seen, inputs=one.decided.inputs
                )
        self._rows.spend(counts)

    def _fetch_wraps(self, judged: list[Judged]) -> None:
        """Read the wrapped keys that the permitted releases need; nothing is unwrapped."""
        refs: set[VersionRef] = {r for one in judged if _permitted(one) for r in _releases(one)}
        wraps = self._rows.wraps(refs)
        for one in list(judged):
            needed = _releases(one) if _permitted(one) else ()
            if all(ref in wraps for ref in needed):
                one.wraps = tuple(wraps[ref] for ref in needed)
            else:
                judged.remove(one)
                missing = IntegrityError("a record has no key any more")
                self._failed.append((one.waiting, missing))

    def _append(self) -> tuple[HeadRow, Frontier]:
        """Number, seal and insert the entries; extend the tree; sign and move the head."""
        firsts = self._rows.count(self._identity.log_id, _owners(self._judged))
        rows, index = [], self._head.size
        for one in self._judged:
            row = self._seal(one, firsts=firsts, index=index)
            rows.append(row)
            index += 1
        self._rows.append(rows)
        frontier = self._frontier.extend(row.leaf_hash for row in rows)
        self._add_tiles(frontier.size)
        root = frontier.root()
        checkpoint = Checkpoint(origin=self._head.origin, size=frontier.size, root=root)
        head = self._head._replace(
            size=frontier.size,
            root=root,
            frontier=frontier.to_bytes(),
            note=sign_checkpoint(checkpoint, signer=self._identity.signer),
            last_ms=self._now_ms,
        )
        if not self._rows.advance(self._head, head):
            raise IntegrityError("the journal head moved under its lock")
        return head, frontier

    def _seal(self, one: Judged, *, firsts: dict[bytes, int], index: int) -> EntryRow:
        operation, identity = one.waiting.operation, self._identity
        holder_id = None if operation.space is None else operation.space.holder_id
        holder_seq = None if holder_id is None else _next(firsts, holder_id)
        actor_seq = _next(firsts, operation.actor_id)
        one.sealed = seal_entry(
            operation.entry(one.decided.decision, self._now_ms),
            keys=operation.keys,
            holder_seq=holder_seq,
            actor_seq=actor_seq,
            vault_id=identity.vault_id,
            suite=identity.suite,
            random=identity.random,
        )
        one.kept = Kept(one.sealed.payload, holder_seq, actor_seq)
        inputs = seal_decision_inputs(
            one.decided.inputs,
            keys=operation.keys,
            entry_id=operation.entry_id,
            holder_seq=holder_seq,
            actor_seq=actor_seq,
            vault_id=identity.vault_id,
            suite=identity.suite,
            random=identity.random,
        )
        return EntryRow(
            log_id=identity.log_id,
            year=self._head.year,
            idx=index,
            entry_id=operation.entry_id,
            holder_id=holder_id,
            holder_seq=holder_seq,
            actor_id=operation.actor_id,
            actor_seq=actor_seq,
            key_version=operation.keys.journal_key_version,
            leaf=one.sealed.leaf,
            leaf_hash=one.sealed.leaf_hash,
            payload=one.sealed.payload,
            inputs=inputs,
        )

    def _add_tiles(self, size: int) -> None:
        head = self._head
        for tile in filled_tiles(head.size, size):
            tree = Tree(self._rows.connection, log_id=head.log_id, year=head.year, size=size)
            self._rows.add_tile(
                head.log_id, head.year, level=tile.rank, index=tile.index, data=tree.tile(tile)
            )


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


def _owners(judged: Sequence[Judged]) -> Counter[bytes]:
    """Count the numbers that each holder and each actor needs."""
    owners: Counter[bytes] = Counter()
    for one in judged:
        operation = one.waiting.operation
        owners[operation.actor_id] += 1
        if operation.space is not None:
            owners[operation.space.holder_id] += 1
    return owners


def _next(firsts: dict[bytes, int], owner: bytes) -> int:
    number = firsts[owner]
    firsts[owner] = number + 1
    return number
