"""Delivers what waits in the outbox. In the demonstration a file stands in for the text message.

A real deployment brings its own ``Gateway``; the courier, which opens messages and marks them
done, stays the same. A message that cannot be delivered stays where it is and is tried again.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import structlog

from scripts.private_files import append_private
from vault.clock import LEGAL_ZONE, instant
from vault.masking import MASKS

CODES_FILE: Final = "one-time-codes.txt"
POLL_SECONDS: Final = 0.2
BATCH: Final = 50

_log = structlog.get_logger("myspace.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """What is to be sent.

    Attributes:
        contact: Mobile in E.164 or mail address.
        sent_at_ms: When it was asked for.
    """

    contact: str = field(repr=False)
    code: str = field(repr=False)
    sent_at_ms: int


class Gateway(Protocol):
    """Brings a code to its holder."""

    def deliver(self, message: OneTimeCode) -> None:
        """Send ``message``; raise ``OSError`` if it could not be handed over."""
        ...


class FileGateway:
    """Appends codes to a file of mode 0600; contacts are masked, numbers are not in it at all."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``, which is made when the first code comes."""
        self._path = path

    def deliver(self, message: OneTimeCode) -> None:
        """Append a line: time, masked contact, code, with tabs between."""
        at = instant(message.sent_at_ms).astimezone(LEGAL_ZONE).isoformat(timespec="seconds")
        line = f"{at}\t{masked(message.contact)}\t{message.code}\n"
        append_private(self._path, line.encode())


def masked(contact: str) -> str:
    """Return enough of a contact to recognise one's own."""
    kind = "email" if "@" in contact else "mobile"
    return MASKS[kind](contact)
