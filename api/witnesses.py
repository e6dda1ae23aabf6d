"""Asks the witnesses of one log to sign its head (C2SP tlog-witness), beside the requests.

In rounds: every head is shown to all witnesses at once, so that their lines stand under one text.
A round is due every ten seconds, after a thousand entries, and at once when somebody waits for it.
What a witness answers is verified before it is used. One that is away blocks only what has to be
witnessed; one that has seen more of the log than the database holds stops it (ADR 0046).
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from api.egress import Egress
from api.witness_call import Shown, Told, show_head
from vault.clock import Clock
from vault.errors import VaultError
from vault.journal.checkpoints import Checkpoint, parse_checkpoint
from vault.journal.notes import SignatureLine, add_signature
from vault.journal.public import PublicLog
from vault.journal.publishing import SecondLines
from vault.journal.trust import Policy
from vault.ports import Read, Work
from vault.ports.witnesses import QUORUM, WitnessState

ROUND_SECONDS: Final = 1.0
STRAGGLE_SECONDS: Final = 0.2
"""For so long is more than a quorum waited for."""
LOOK_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 60.0
"""A witnessed checkpoint is published instead of the head until it is older than this."""

_log = structlog.get_logger("myspace.witnesses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a round is due though nobody waits."""

    seconds: float = 10.0
    entries: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a round works with.

    Attributes:
        log_id: Number of the log.
        stop: Ends the taking of entries, with the reason; the log may have been put back.
    """

    log_id: int
    log: PublicLog
    policy: Policy
    egress: Egress
    seconds: SecondLines
    read: Read
    work: Work
    clock: Clock
    stop: Callable[[str], None] = field(repr=False)
    pace: Pace = Pace()


class LogWatch:
    """Rounds to the witnesses of one log. Safe to share between threads."""

    def __init__(self, watched: Watched, *, pool: ThreadPoolExecutor) -> None:
        """Take up what is known of the witnesses; ask nobody yet.

        ``ahead`` will say which witness has seen more than there is, and how much.

        Args:
            watched: The log and its witnesses.
            pool: Has a thread for each witness.
        """
        self._on = watched
        self._pool = pool
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, Future[str]]] = []
        self._busy: set[str] = set()
        self._over = False
        self._round_at, self._round_size = -watched.pace.seconds, 0
        self._newest, self._newest_at, self._newest_ms = "", -FRESH_SECONDS, 0
        self._shown_size = 0
        self.ahead = ""
        with watched.read() as tx:
            kept = {one.witness: one for one in tx.witnesses.of_log(watched.log_id)}
        self._stands = {
            name: replace(kept[name], trouble="")
            if name in kept
            else WitnessState(witness=name, size=0, note="", at_ms=0)
            for name in watched.policy.witnesses
        }
        self._kept: dict[str, WitnessState] = kept
        if QUORUM in kept and kept[QUORUM].size <= watched.log.size():
            self._newest, self._newest_ms = kept[QUORUM].note, kept[QUORUM].at_ms

    # -- for those who wait, and who look ----------------------------------------------------

    def ask(self, size: int) -> Future[str]:
        """Ask for a witnessed checkpoint of at least ``size`` entries."""
        asked = Future[str]()
        with self._changed:
            newest = self._newest
            if newest and parse_checkpoint(newest).size >= size:
                asked.set_result(newest)
            else:
                self._waiting.append((size, asked))
                self._changed.notify_all()
        return asked

    @property
    def newest(self) -> str | None:
        """Return the newest witnessed checkpoint."""
        return self._newest or None

    def shown(self, head: str) -> str:
        """Return the newest witnessed checkpoint while it is fresh, else ``head``.

        It never goes back behind what was shown before.
        """
        with self._changed:
            newest = self._newest
            fresh = time.monotonic() - self._newest_at < FRESH_SECONDS
            if not newest or not fresh or parse_checkpoint(newest).size < self._shown_size:
                newest = head
            self._shown_size = max(self._shown_size, parse_checkpoint(newest).size)
            return newest

    def troubles(self) -> tuple[str, ...]:
        """Return a line for each witness that does not sign."""
        stands: Mapping[str, WitnessState] = dict(self._stands)
        return tuple(f"{name}: {one.trouble}" for name, one in stands.items() if one.trouble)

    # -- rounds ------------------------------------------------------------------------------

    def run(self) -> None:
        """Make rounds until ``end``."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._waiting, LOOK_SECONDS)
                if self._over:
                    return
            try:
                if self._due():
                    self.round()
            except VaultError as error:
                _log.warning("a round to the witnesses was not made", reason=str(error))
                time.sleep(STRAGGLE_SECONDS)
            except Exception:  # noqa: BLE001 - the next round tries again, whatever this one met
                _log.exception("a round to the witnesses was not made")
                time.sleep(STRAGGLE_SECONDS)

    def end(self) -> None:
        """Make no more rounds."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def round(self) -> None:
        """Show the head of now to all witnesses, and wake whoever waited for a quorum."""
        with self._changed:
            self._waiting = [one for one in self._waiting if not one[1].done()]
        note = self._on.seconds.added(self._on.log.checkpoint())
        head = parse_checkpoint(note)
        self._round_at, self._round_size = time.monotonic(), head.size
        free = [name for name in self._on.policy.witnesses if name not in self._busy]
        self._busy.update(free)
        shown = Shown(head=head, note=note, log=self._on.log)
        left = {self._pool.submit(self._asked, name, shown) for name in free}
        signed, until, reached = dict[str, SignatureLine](), self._round_at + ROUND_SECONDS, False
        while True:
            if not reached and self._on.policy.satisfied(signed.keys()):
                reached, until = True, time.monotonic() + STRAGGLE_SECONDS
                self._reached(note, head, signed)
            patience = until - time.monotonic()
            if not left or patience <= 0:
                break
            done, left = wait(left, timeout=patience, return_when=FIRST_COMPLETED)
            signed.update(one.result() for one in done if one.result()[1] is not None)  # type: ignore[misc]
        if reached:
            self._reached(note, head, signed)
        self._keep()
        if not reached:
            time.sleep(STRAGGLE_SECONDS)  # Who waits is not helped by asking at once again.

    def _due(self) -> bool:
        if self._waiting or time.monotonic() - self._round_at >= self._on.pace.seconds:
            return True
        return self._on.log.size() - self._round_size >= self._on.pace.entries

    def _reached(self, note: str, head: Checkpoint, signed: Mapping[str, SignatureLine]) -> None:
        for line in signed.values():
            note = add_signature(note, line=line)
        with self._changed:
            self._newest, self._newest_at = note, time.monotonic()
            self._newest_ms = self._on.clock.now_ms()
            served = [asked for size, asked in self._waiting if size <= head.size]
            self._waiting = [one for one in self._waiting if one[0] > head.size]
        for asked in served:
            with suppress(InvalidStateError):  # Whoever waited has given up.
                asked.set_result(note)

    def _keep(self) -> None:
        """Write what has changed, for the next start and for whoever looks from outside."""
        states = list(self._stands.values())
        if self._newest:
            size = parse_checkpoint(self._newest).size
            at_ms = self._newest_ms
            states.append(WitnessState(witness=QUORUM, size=size, note=self._newest, at_ms=at_ms))
        changed = [one for one in states if one != self._kept.get(one.witness)]
        with self._on.work() as tx:
            for one in changed:
                tx.witnesses.keep(self._on.log_id, one)
        self._kept.update((one.witness, one) for one in changed)

    # -- one witness -------------------------------------------------------------------------

    def _asked(self, name: str, shown: Shown) -> tuple[str, SignatureLine | None]:
        """Ask one witness; say what it signed, and remember how it stands."""
        told = Told(None, "it was not asked")
        try:
            told = show_head(
                shown,
                address=self._on.policy.addresses[name],
                key=self._on.policy.witnesses[name],
                old=min(self._stands[name].size, shown.head.size),
                egress=self._on.egress,
            )
            if told.seen > (now := self._on.log.size()):
                self._stop(f"witness {name} has seen {told.seen} entries, the database has {now}")
                told = Told(None, f"it has seen {told.seen} entries, more than the database has")
        finally:
            self._stand(name, told, shown)
            self._busy.discard(name)
        return name, told.line

    def _stop(self, reason: str) -> None:
        """Let the log take nothing more: was the database put back, or does the witness lie?"""
        self.ahead = f"{reason}: restored?"
        self._on.stop(self.ahead)

    def _stand(self, name: str, told: Told, shown: Shown) -> None:
        before = self._stands[name]
        now = replace(before, trouble=told.trouble)
        if told.line is not None:
            note, at_ms = add_signature(shown.note, line=told.line), self._on.clock.now_ms()
            now = WitnessState(witness=name, size=shown.head.size, note=note, at_ms=at_ms)
        self._stands[name] = now
        if now.trouble and now.trouble != before.trouble:
            _log.warning("a witness does not sign", witness=name, reason=now.trouble)
        elif before.trouble and not now.trouble:
            _log.info("a witness signs again", witness=name)
