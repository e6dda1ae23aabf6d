"""The journal as a plain model: one operation at a time, under one lock (journal.md 2).

Claims first; they stay whatever happens. Then a change is decided anew and takes effect, or a
disclosure stands if what it was decided on still does. Then the entry: numbered, sealed,
appended to a real tree whose head is signed. An outcome is told after all of that is kept.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TypedDict

from policies.access import Deny, Permit
from tests.support.memory.database import Memory
from tests.support.memory.judging import Judged, judge
from tests.support.memory.log import MemoryPublicLog
from tests.support.memory.rows import Rows
from vault.clock import Clock
from vault.crypto.signing import SignerKey
from vault.crypto.suites import Suite
from vault.errors import JournalUnavailableError
from vault.ids import RandomBytes
from vault.journal.entries import Entry
from vault.journal.operations import (
    Change,
    Committed,
    Disclosure,
    Kept,
    Outcome,
    Pending,
    Refused,
)
from vault.journal.sealing import EntryKeys, open_entry, seal_decision_inputs, seal_entry
from vault.ports import KeptEntry


class _Bound(TypedDict):
    """What every sealed part of an entry is bound to."""

    keys: EntryKeys
    holder_seq: int | None
    actor_seq: int
    vault_id: bytes
    suite: Suite


class MemoryJournal:
    """Implements ``vault.journal.operations.Journal`` over one log in memory.

    Attributes:
        entries: What was journalled, opened again, in the order of the log.
        log: What anybody may read of it.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        signer: SignerKey,
        vault_id: bytes,
        clock: Clock,
        random: RandomBytes,
        suite: Suite = Suite.AES_256_GCM,
        log_id: int = 0,
    ) -> None:
        self.entries = list[Entry]()
        self.log = MemoryPublicLog(signer)
        self._memory = memory
        self._vault_id = vault_id
        self._suite = suite
        self._clock = clock
        self._random = random
        self._log_id = log_id
        self._last_ms = clock.now_ms()
        self._before: list[Callable[[], object]] = []

    @property
    def waiting(self) -> bool:
        """See the port; a journal in memory always serves."""
        return True

    def just_before_the_lock(self, act: Callable[[], object]) -> None:
        """Let ``act`` happen once, after the next operation was decided and before its turn.

        What it raises is what that operation comes to.
        """
        self._before.append(act)

    def submit(self, operation: Change | Disclosure) -> Outcome:
        """See the port."""
        return self.enqueue(operation).result()

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        """See the port; here the outcome is there at once."""
        if self._memory.inside():
            raise RuntimeError("submit inside a unit of work")
        if operation.log_id != self._log_id:
            raise RuntimeError("this operation belongs to another log")
        acts, self._before = self._before, []
        future: Pending = Future()
        try:
            for act in acts:
                act()
            future.set_result(self._run(operation))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiter's
            future.set_exception(error)
        return future

    def _run(self, operation: Change | Disclosure) -> Outcome:
        try:
            with self._memory.changing() as rows:
                now_ms = max(self._last_ms, self._clock.now_ms())
                judged = judge(rows, operation, now_ms=now_ms)
                if isinstance(judged, Judged):
                    outcome: Outcome | Exception = self._append(rows, operation, judged, now_ms)
                else:
                    outcome = judged
        except Exception as error:
            raise JournalUnavailableError("the journal cannot be written") from error
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _append(
        self, rows: Rows, operation: Change | Disclosure, judged: Judged, now_ms: int
    ) -> Committed | Refused:
        """Number, seal and keep the entry; what fails here leaves nothing at all behind."""
        decision = judged.decided.decision
        entry = operation.entry(decision, now_ms)
        actor_seq = _next(rows, operation.actor_id)
        holder_seq = None
        if operation.space is not None:
            holder_seq = _next(rows, operation.space.holder_id)
        bound = _Bound(
            keys=operation.keys,
            holder_seq=holder_seq,
            actor_seq=actor_seq,
            vault_id=self._vault_id,
            suite=self._suite,
        )
        sealed = seal_entry(entry, random=self._random, **bound)
        inputs = seal_decision_inputs(
            judged.decided.inputs, entry_id=operation.entry_id, random=self._random, **bound
        )
        opened = open_entry(sealed.payload, entry_id=operation.entry_id, **bound)
        kept = KeptEntry(
            log_id=self._log_id,
            index=self.log.size(),
            entry_id=operation.entry_id,
            space=operation.space,
            holder_seq=holder_seq,
            actor_id=operation.actor_id,
            actor_seq=actor_seq,
            key_version=operation.keys.journal_key_version,
            leaf=sealed.leaf,
            payload=sealed.payload,
            inputs=inputs,
        )
        rows.entries.add(operation.entry_id, kept)
        self.log.append(sealed.leaf)  # From here on nothing fails.
        self.entries.append(opened)
        self._last_ms = now_ms
        outcome = self._outcome(kept, judged, now_ms=now_ms)
        if isinstance(outcome, Committed) and isinstance(operation, Disclosure):
            return replace(outcome, needs_witness=operation.witnessed)
        return outcome

    def _outcome(self, entry: KeptEntry, judged: Judged, *, now_ms: int) -> Committed | Refused:
        receipt = self.log.receipt(entry)
        kept = Kept(entry.payload, entry.holder_seq, entry.actor_seq)
        match judged.decided.decision:
            case Permit() as permit:
                return Committed(
                    entry_id=entry.entry_id,
                    index=entry.index,
                    at_ms=now_ms,
                    permit=permit,
                    receipt=receipt,
                    kept=kept,
                    wraps=judged.wraps,
                    committed_at=time.monotonic(),
                )
            case Deny() as deny:
                return Refused(
                    entry_id=entry.entry_id,
                    index=entry.index,
                    at_ms=now_ms,
                    deny=deny,
                    receipt=receipt,
                    kept=kept,
                )


def _next(rows: Rows, owner: bytes) -> int:
    """Return the owner's next number; the first is 0."""
    number = rows.counters.get(owner, 0)
    rows.counters[owner] = number + 1
    return number
