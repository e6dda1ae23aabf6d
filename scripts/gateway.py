"""Delivers what waits in the outbox. In the demonstration a file stands in for the text message.

A real deployment brings its own ``Gateway``; the courier, which opens messages and marks them
done, stays the same. A message that cannot be delivered stays where it is and is tried again,
until its code is of no use any more.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import structlog

from scripts.folder_lock import Turn
from scripts.private_files import append_private
from vault.clock import LEGAL_ZONE, instant
from vault.errors import VaultError
from vault.masking import MASKS
from vault.services import Vault
from vault.services.outbox import (
    TOLD,
    Outgoing,
    delivered,
    waiting,
)

CODES_FILE: Final = "one-time-codes.txt"
WARNINGS_FILE: Final = "warnings.txt"
POLL_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 5.0
"""After a failure the next try waits twice as long as the one before, up to this."""

BATCH: Final = 50

_log = structlog.get_logger("myspace.gateway")


class Gateway(Protocol):
    """Brings a message to its holder: a code, or the warning of wrong ones."""

    def deliver(self, message: Outgoing) -> None:
        """Send ``message``; raise ``OSError`` if it could not be handed over."""
        ...


class FileGateway:
    """Appends codes to a file of mode 0600; contacts are masked, numbers are not in it at all.

    Warnings go to ``WARNINGS_FILE`` beside it, in both languages.
    """

    def __init__(self, path: Path) -> None:
        """Write to ``path``, which is made when the first code comes."""
        self._path = path

    def deliver(self, message: Outgoing) -> None:
        """Append a line: time, masked contact, code or warning, with tabs between."""
        at = instant(message.sent_at_ms).astimezone(LEGAL_ZONE).isoformat(timespec="seconds")
        words = TOLD.get(message.kind)
        path = self._path if words is None else self._path.with_name(WARNINGS_FILE)
        told = message.code if words is None else " ".join(words)
        append_private(path, f"{at}\t{masked(message.contact)}\t{told}\n".encode())


@contextmanager
def delivering(vault: Vault, *, gateway: Gateway, turn: Path) -> Iterator[None]:
    """Let a courier carry what waits in the outbox to ``gateway`` while the block runs.

    Of several processes the one that holds the lock file ``turn`` carries; when it is gone, the
    next one does.
    """
    courier = _Courier(vault, gateway, Turn(turn))
    courier.start()
    try:
        yield
    finally:
        courier.stop()


class _Courier:
    """One thread; a code that was handed over and not marked in time is delivered twice."""

    def __init__(self, vault: Vault, gateway: Gateway, turn: Turn) -> None:
        self._vault, self._gateway, self._turn = vault, gateway, turn
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is on its way."""
        self._ended.set()
        self._thread.join()
        self._turn.close()

    def _run(self) -> None:
        pause = POLL_SECONDS
        while not self._ended.wait(pause):
            pause = POLL_SECONDS if self._round() else min(2 * pause, PATIENCE_SECONDS)

    def _round(self) -> bool:
        """Deliver what waits; say whether all of it went."""
        if not self._turn.mine():
            return True
        good = True
        try:
            for message in waiting(self._vault, limit=BATCH):
                good = self._carried(message) and good
                if self._ended.is_set():
                    break
        except VaultError as error:
            _log.warning("the outbox cannot be read", reason=str(error))
            return False
        return good

    def _carried(self, message: Outgoing) -> bool:
        try:
            self._gateway.deliver(message)
        except OSError as error:
            _log.warning("a message could not be delivered", reason=type(error).__name__)
            return False
        delivered(self._vault, message.message_id)
        return True


def masked(contact: str) -> str:
    """Return enough of a contact to recognise one's own."""
    kind = "email" if "@" in contact else "mobile"
    return MASKS[kind](contact)
