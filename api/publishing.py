"""Publishes the signed heads as files: once a second at most, and only what is committed.

Each process does. A published checkpoint that is larger than the database is proof that the
database was put back: it bears the log's own signature.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from storage.published import publish, published_file
from vault.errors import VaultError
from vault.journal.checkpoints import parse_checkpoint
from vault.journal.public import PublicLog
from vault.journal.publishing import SecondLines
from vault.journal.watching import Watch

EVERY_SECONDS: Final = 1.0

_log = structlog.get_logger("myspace.publishing")


class Publisher:
    """Publishes the heads of all logs to one folder."""

    def __init__(
        self,
        logs: Sequence[PublicLog],
        *,
        folder: Path,
        shown: Callable[[int], str],
        stop: Callable[[int, str], None],
    ) -> None:
        """Publish ``logs`` below ``folder``.

        Args:
            logs: All logs, in their order.
            folder: May be that of other processes as well.
            shown: The checkpoint of a log that anybody may see now.
            stop: Ends the taking of entries of a log, with the reason.
        """
        self._logs = tuple(logs)
        self._folder = folder
        self._shown = shown
        self._stop = stop
        self._done: dict[int, str] = {}

    def round(self) -> None:
        """Publish what is new.

        Raises:
            StorageError: The folder cannot be written.
        """
        for log_id, log in enumerate(self._logs):
            note = self._shown(log_id)
            if note == self._done.get(log_id):
                continue
            there = publish(published_file(self._folder, log_id=log_id), note)
            self._done[log_id] = note
            if there > parse_checkpoint(note).size and there > (now := log.size()):
                self._stop(
                    log_id, f"{there} entries were published, the database has {now}: restored?"
                )


def shown_heads(
    logs: Sequence[PublicLog], *, seconds: SecondLines, watch: Watch | None
) -> Callable[[int], str]:
    """Return what shows the checkpoint of a log: both its lines, and those of witnesses."""

    def shown(log_id: int) -> str:
        head = seconds.added(logs[log_id].checkpoint())
        return head if watch is None else watch.shown(log_id, head)

    return shown


@contextmanager
def publishing(publisher: Publisher, *, every: float = EVERY_SECONDS) -> Iterator[None]:
    """Publish while the block runs, and once more at its end."""
    over = threading.Event()

    def run() -> None:
        told = False
        while True:
            last = over.wait(every)
            try:
                publisher.round()
                told = False
            except VaultError as error:
                if not told:  # Said once, and not each second until it can be written again.
                    _log.warning("checkpoints are not published", reason=str(error))
                told = True
            if last:
                return

    thread = threading.Thread(target=run, name="publishing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
