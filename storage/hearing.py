"""What a journal writer has heard of its database of late, for whoever asks whether it serves."""

import time
from typing import Final

SILENT_SECONDS: Final = 5.0
"""A shared database that said nothing for so long is gone; it is looked at each second."""


class Hearing:
    """Set by the writer's thread, asked by any."""

    def __init__(self) -> None:
        """Begin without having heard of it."""
        self._answered_at: float | None = None

    def answered(self) -> None:
        """Note that the database has answered just now."""
        self._answered_at = time.monotonic()

    def failed(self) -> None:
        """Note that it has not."""
        self._answered_at = None

    @property
    def good(self) -> bool:
        """Whether it has answered of late, and not failed since."""
        at = self._answered_at
        return at is not None and time.monotonic() - at < SILENT_SECONDS
