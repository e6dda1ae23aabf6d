"""Who comes at the same pace shares a commit (ADR 0028)."""

import threading
import time
from collections.abc import Callable
from typing import Final

GATHER_SECONDS: Final = 0.030
"""How long a batch may wait to become as large as the two before it."""
QUIET_SECONDS: Final = 0.002
"""After this long without anybody, nobody is waited for any more."""
CROWD: Final = 16
CROWD_QUIET_SECONDS: Final = 0.006
"""Many who prepare at once keep each other waiting; over a server the more so."""
COMPANY: Final = 3  # Two batches of one look the same from one caller as from two in turn.


class Company:
    """How many are expected for the next batch. All of it is called with ``ready`` held."""

    def __init__(self, ready: threading.Condition, *, here: Callable[[], int]) -> None:
        """Expect nobody.

        Args:
            ready: Guards the queue; the writer waits on it.
            here: How many wait now.
        """
        self._ready = ready
        self._here = here
        self._together = 1
        self._before = 0

    def arrived(self, *, before: int) -> None:
        """Wake the writer for one more, unless it would do nothing yet.

        Args:
            before: How many waited already.
        """
        if not before or before + 1 >= self._together:
            self._ready.notify()

    def took(self, arrived: int) -> None:
        """Expect as many as were here for the last two batches."""
        self._together, self._before = arrived + self._before, arrived

    def gather(self, *, over: Callable[[], bool]) -> None:
        """Wait until as many are here as came lately, or nobody comes any more.

        A transaction costs as much as a dozen entries in it, and while it runs it competes with
        the callers who are still preparing theirs: so those who come at the same pace share one.
        A lone caller waits for nobody.

        Args:
            over: Says that nobody can come any more.
        """
        if self._together < COMPANY:
            return
        until = time.monotonic() + GATHER_SECONDS
        quiet = CROWD_QUIET_SECONDS if self._together >= CROWD else QUIET_SECONDS
        arrived = 0
        while arrived < self._here() < self._together and time.monotonic() < until:
            arrived = self._here()
            self._ready.wait_for(lambda: self._here() >= self._together or over(), quiet)
