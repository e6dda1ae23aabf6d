"""Whose turn it is to write: first come, first served, and the journal before everybody.

SQLite has one writer at a time and does not queue those that wait: without turns, one that
polls can stand aside for seconds (journal.md 2.5).
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from vault.errors import StorageError

TURN_SECONDS: Final = 5.0


class Turns:
    """A lock that is handed from one to the next in order of arrival."""

    def __init__(self) -> None:
        """Start with nobody writing."""
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def turn(self, *, first: bool = False, timeout: float = TURN_SECONDS) -> Iterator[None]:
        """Hold the turn while the block runs.

        Args:
            first: Go before all that wait; for the journal alone.
            timeout: Seconds to wait at most.

        Raises:
            StorageError: The turn did not come in time.
        """
        self._take(first=first, timeout=timeout)
        try:
            yield
        finally:
            self._give()

    def _take(self, *, first: bool, timeout: float) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            if first:
                self._waiting.appendleft(mine)
            else:
                self._waiting.append(mine)
        if mine.wait(timeout):
            return
        with self._guard:
            if mine.is_set():  # Handed over at the last moment: it is ours, so use it.
                return
            self._waiting.remove(mine)
        raise StorageError("the database is busy")

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
