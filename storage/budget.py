"""How long a batch may work under the head's lock, and which operation made it longer.

While one process holds the head every other waits, so a slow guard is everybody's business
(journal.md 2.6 rule 7). COMMIT is not counted: how long it takes is the disk's affair.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

BATCH_SECONDS: Final = 0.005
OPERATION_SECONDS: Final = 0.0001
TELL_SECONDS: Final = 10.0
"""A machine that is too slow for us says so now and then, not at every batch."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Slowest:
    """The operation of a batch that took longest, of those that were judged one by one."""

    name: str = ""
    seconds: float = 0.0

    def took(self, judging: Callable[..., object], *, since: float) -> None:
        """Remember an operation that is judged by ``judging`` and began at ``since``."""
        seconds = time.monotonic() - since
        if seconds >= self.seconds:
            self.name, self.seconds = _name(judging), seconds


class Budget:
    """Watches over the batches of one writer."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told_at = -TELL_SECONDS
        self._cold = True

    def spent(self, *, since: float, operations: int, slowest: Slowest) -> None:
        """Tell the operator of a batch that held the head from ``since`` and too long.

        Of the first one nothing is told: its statements are parsed and planned anew, and an
        operator's command has no other.
        """
        if self._cold:
            self._cold = False
            return
        now = time.monotonic()
        allowed = BATCH_SECONDS + OPERATION_SECONDS * operations
        if now - since > allowed and now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            _log.warning(
                "the head of the log was held too long",
                ms=_ms(now - since),
                allowed_ms=_ms(allowed),
                operations=operations,
                slowest=slowest.name,
                slowest_ms=_ms(slowest.seconds),
            )


def _name(judging: Callable[..., object]) -> str:
    """Return where ``judging`` is written: a name of our own code, never of a person."""
    while isinstance(judging, partial):
        judging = judging.func
    return f"{judging.__module__}.{getattr(judging, '__qualname__', type(judging).__name__)}"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
