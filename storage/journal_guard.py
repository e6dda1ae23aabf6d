"""Says whether a locked head is the log that this process knows.

A head proves itself by the note signed over it; the frontier must fold to its root; and it
must not lie behind what this process, or its state file, has seen (journal.md 6). Nothing
thaws a frozen log in place: it goes on only in a database that is not frozen and continues
what was last seen.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from storage.journal_state import LogState
from storage.log_rows import HeadRow, LogRows
from storage.published import published_state
from storage.tree import Tree
from vault.crypto.signing import SignerKey
from vault.errors import IntegrityError, LogFrozenError
from vault.journal.checkpoints import Checkpoint, verify_checkpoint
from vault.journal.merkle import Frontier, verify_consistency

KEEP_SECONDS: Final = 1.0
PROVE_SECONDS: Final = 1.0

_OLDER: Final = "the database is older than what was seen: restored database?"

_log = structlog.get_logger(__name__)


class HeadGuard:
    """Remembers the last head that was good."""

    def __init__(
        self,
        *,
        signer: SignerKey,
        path: Path,
        others: Sequence[Path] = (),
        published: Path | None = None,
        alone: bool = True,
    ) -> None:
        """Guard the log that ``signer`` signs; its state is kept at ``path``.

        Args:
            signer: The checkpoint key, under the name of the log.
            path: The state file of this process.
            others: What other processes kept; whoever saw most of the log is believed.
            published: Where the checkpoint lies that was published last.
            alone: No other process writes to the log, so each head that is not our own has to
                be proven. Else one proof a second does, and each head has to be a later one.
        """
        self._verifier = signer.verifier
        self._alone = alone
        self._proven_at = -PROVE_SECONDS
        self._path = path
        self._others = others
        self._published = published
        self._known: tuple[HeadRow, Frontier] | None = None
        self._kept: LogState | None = None
        self._tried_at = 0.0
        self._frozen = False

    def check(self, head: HeadRow, *, rows: LogRows) -> Frontier:
        """Return the frontier of a head that may be extended.

        Raises:
            LogFrozenError: It may not. The caller freezes this guard, and the log in the
                database.
        """
        if head.frozen:
            raise LogFrozenError("the log is frozen: restored database?")
        if self._known is not None and self._known[0] == head:
            return self._known[1]  # Byte for byte what we committed last.
        try:
            frontier = self._signed(head)
            self._follows(head, rows=rows)
        except IntegrityError as error:
            raise LogFrozenError(f"the log is frozen: {error}") from error
        self._known = (head, frontier)
        return frontier

    def committed(self, head: HeadRow, frontier: Frontier) -> None:
        """Remember a head whose commit has returned."""
        self._known = (head, frontier)

    def freeze(self) -> None:
        """Write into the state file that the log is frozen, beside what was last good.

        Raises:
            StorageError: The file cannot be read or written.
        """
        self._frozen = True
        seen = self._seen()
        if seen is not None:
            self._save(replace(seen, frozen=True))

    def keep(self, *, at_once: bool = False) -> None:
        """Write the state file if it lags behind and a second has passed since the last try.

        Raises:
            StorageError: The file cannot be written.
        """
        if self._known is None or self._frozen:
            return
        state = _state(self._known[0])
        due = at_once or time.monotonic() - self._tried_at >= KEEP_SECONDS
        if due and state != self._kept:
            self._save(state)

    def due(self) -> bool:
        """Say whether the log has to be proven again to continue what was seen."""
        return time.monotonic() - self._proven_at >= PROVE_SECONDS

    def doubt(self) -> None:
        """Prove the next head, whatever the hour: the database may be another one by now."""
        self._proven_at = -PROVE_SECONDS

    def _signed(self, head: HeadRow) -> Frontier:
        checkpoint = verify_checkpoint(head.note, verifier=self._verifier, origin=head.origin)
        if checkpoint != Checkpoint(origin=head.origin, size=head.size, root=head.root):
            raise IntegrityError("the signed head is another one")
        return Frontier.from_bytes(head.frontier, size=head.size, root=head.root)

    def _follows(self, head: HeadRow, *, rows: LogRows) -> None:
        """Check that ``head`` comes after what was seen: a larger one, or the same."""
        if self._known is None:
            for kept in self._loaded():
                _continues(kept, head, rows=rows)
            self._proven_at = time.monotonic()
            return
        seen = _state(self._known[0])
        if self._alone or self.due():
            _continues(seen, head, rows=rows)
            self._proven_at = time.monotonic()
        elif head.size < seen.size or (head.size == seen.size and head.root.hex() != seen.root):
            raise IntegrityError(_OLDER)

    def _seen(self) -> LogState | None:
        if self._known is not None:
            return _state(self._known[0])
        return max(self._loaded(), key=lambda one: one.size, default=None)

    def _loaded(self) -> list[LogState]:
        """Return what is kept apart from the database: by us, by others, and as published."""
        self._kept = LogState.load(self._path)
        shown = published_state(self._published, verifier=self._verifier)
        loaded = [self._kept, shown, *map(LogState.load, self._others)]
        return [one for one in loaded if one is not None]

    def _save(self, state: LogState) -> None:
        self._tried_at = time.monotonic()
        state.save(self._path)
        self._kept = state


def _state(head: HeadRow) -> LogState:
    return LogState(origin=head.origin, size=head.size, root=head.root.hex())


def _continues(seen: LogState, head: HeadRow, *, rows: LogRows) -> None:
    """Check that ``head`` is ``seen`` or a continuation of it."""
    if seen.origin != head.origin:
        raise IntegrityError("the state file belongs to another log")
    if head.size < seen.size:
        raise IntegrityError(_OLDER)
    tree = Tree(rows.connection, log_id=head.log_id, year=head.year, size=head.size)
    verify_consistency(
        old=seen.size,
        old_root=bytes.fromhex(seen.root),
        new=head.size,
        new_root=head.root,
        path=tree.consistency(seen.size),
    )
    if seen.frozen:
        _log.warning("a frozen log goes on: the database that continues it is back")
