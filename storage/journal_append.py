"""The end of a batch: entries numbered and sealed, the tree extended, the head moved.

Numbers are given only now, when every outcome is known, so that nothing rolled back leaves a
hole; the note is signed over exactly the head that is about to be committed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from storage.failures import RuleBroken
from storage.journal_rows import JournalRows
from storage.log_rows import EntryRow, HeadRow
from storage.row_states import RowStates
from storage.tree import Tree
from storage.waiting import Waiting
from vault.crypto.signing import SignerKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, LogFrozenError
from vault.ids import RandomBytes
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier
from vault.journal.operations import Decided, Kept, RecordWrap
from vault.journal.sealing import SealedEntry, seal_decision_inputs, seal_entry
from vault.journal.tiles import filled_tiles


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


class Append:
    """Writes the entries of one batch behind the locked head; commits nothing itself."""

    def __init__(
        self,
        rows: JournalRows,
        *,
        identity: LogIdentity,
        head: HeadRow,
        frontier: Frontier,
        states: RowStates,
        now_ms: int,
    ) -> None:
        """Start from ``head``, whose signature and ``frontier`` the caller has checked."""
        self._rows = rows
        self._identity = identity
        self._head = head
        self._frontier = frontier
        self._states = states
        self._now_ms = now_ms

    def run(self, judged: Sequence[Judged]) -> tuple[HeadRow, Frontier]:
        """Number, seal and insert the entries; extend the tree; sign and move the head.

        Returns:
            The new head and its frontier; the entries as written stand in ``judged``.

        Raises:
            LogFrozenError: There are entries that the head does not count.
        """
        if not judged:
            return self._head, self._frontier
        firsts = self._rows.count(self._identity.log_id, _owners(judged))
        rows = [
            self._seal(one, firsts=firsts, index=index)
            for index, one in enumerate(judged, self._head.size)
        ]
        self._insert(rows)
        self._states.write(rows)
        frontier = self._frontier.extend(row.leaf_hash for row in rows)
        self._add_tiles(frontier.size)
        head = self._signed(frontier)
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

    def _insert(self, rows: Sequence[EntryRow]) -> None:
        try:
            self._rows.append_whole(rows)
        except RuleBroken as error:
            if self._rows.beyond(self._head):  # Not our own: those are undone.
                raise LogFrozenError(
                    "the log is frozen: it has entries beyond its head"
                ) from error
            raise

    def _add_tiles(self, size: int) -> None:
        head = self._head
        for tile in filled_tiles(head.size, size):
            tree = Tree(self._rows.connection, log_id=head.log_id, year=head.year, size=size)
            self._rows.add_tile(
                head.log_id, head.year, level=tile.rank, index=tile.index, data=tree.tile(tile)
            )

    def _signed(self, frontier: Frontier) -> HeadRow:
        root = frontier.root()
        checkpoint = Checkpoint(origin=self._head.origin, size=frontier.size, root=root)
        return self._head._replace(
            size=frontier.size,
            root=root,
            frontier=frontier.to_bytes(),
            note=sign_checkpoint(checkpoint, signer=self._identity.signer),
            last_ms=self._now_ms,
        )


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
