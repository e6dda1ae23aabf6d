"""How often departments' systems may ask: buckets in memory, one process each.

Nothing is written for a request that is let through: a pull costs one commit, and this is none.
So the limits hold for each process; several of them let through as many times more. A client's
bucket is touched only once it has proven who it is: what others send in its name is counted by
their own address, and gets 429 in place of 401 where that goes on.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Self

from api.settings import LimitSettings
from vault.clock import MS
from vault.errors import RateLimitedError

MINUTE: Final = 60
MOST_KEYS: Final = 10_000
"""Clients and addresses that are remembered; the one that was quiet for longest makes room."""


class Buckets:
    """A bucket for each key: it holds as much as one minute may take, and fills up steadily."""

    def __init__(self, *, a_minute: int) -> None:
        """Let ``a_minute`` pass in a minute, all at once if need be."""
        self._most = float(a_minute)
        self._per_ms = a_minute / (MINUTE * MS)
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, *, now_ms: int) -> int:
        """Take one from the bucket of ``key``; return for how many seconds there is none, or 0."""
        return self._looked_at(key, now_ms=now_ms, taken=1.0)

    def wait(self, key: str, *, now_ms: int) -> int:
        """Return for how many seconds there is none in the bucket of ``key``, or 0."""
        return self._looked_at(key, now_ms=now_ms, taken=0.0)

    def _looked_at(self, key: str, *, now_ms: int, taken: float) -> int:
        with self._lock:
            left, then = self._left.get(key, (self._most, now_ms))
            left = min(self._most, left + max(0, now_ms - then) * self._per_ms)
            enough = left >= 1.0
            self._left[key] = (left - taken if enough else left, max(now_ms, then))
            self._left.move_to_end(key)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        return 0 if enough else max(1, round((1.0 - left) / self._per_ms / MS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """The buckets of one process.

    Attributes:
        reads, changes: At ``/v1``, by client: whatever only asks, and whatever changes something.
        protocol: At ``/oauth``, by client: requests pushed, tokens issued and looked at.
        strangers: By address: requests that nobody proved to have sent.
    """

    reads: Buckets = field(repr=False)
    changes: Buckets = field(repr=False)
    protocol: Buckets = field(repr=False)
    strangers: Buckets = field(repr=False)

    @classmethod
    def set_by(cls, limits: LimitSettings) -> Self:
        """Return the limits of a process as its settings say."""
        return cls.of(
            reads=limits.client_reads_a_minute,
            changes=limits.client_changes_a_minute,
            protocol=limits.client_protocol_a_minute,
            strangers=limits.stranger_requests_a_minute,
        )

    @classmethod
    def of(cls, *, reads: int, changes: int, protocol: int, strangers: int) -> Self:
        """Make the buckets of a process; each number is for one minute."""
        return cls(
            reads=Buckets(a_minute=reads),
            changes=Buckets(a_minute=changes),
            protocol=Buckets(a_minute=protocol),
            strangers=Buckets(a_minute=strangers),
        )


def taken(buckets: Buckets, key: str, *, now_ms: int) -> None:
    """Take one.

    Raises:
        RateLimitedError: There is none.
    """
    refuse(buckets.take(key, now_ms=now_ms))


def refuse(seconds: int) -> None:
    """Refuse whoever has to wait for ``seconds``.

    Raises:
        RateLimitedError: It is not 0.
    """
    if seconds:
        raise RateLimitedError("too many requests", retry_after_seconds=seconds)
