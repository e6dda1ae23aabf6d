"""How often something may be tried: fixed windows over counters that every process shares.

A limit has several rungs, so that whoever goes on is held up longer and longer: to the end of
the minute first, then of the hour, then of the day. A try is counted before it is made, by one
statement for each rung: of many at once no more than the most pass. Keys are keyed hashes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from vault.errors import RateLimitedError
from vault.ports import Tx
from vault.services import Vault

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 24 * HOUR
"""The longest window: counters are swept two days after their window began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """No more than ``most`` tries in each window of so many seconds."""

    seconds: int
    most: int

    def __post_init__(self) -> None:
        """Refuse windows whose counters would be swept before they end."""
        if not 0 < self.seconds <= DAY or self.most < 1:
            raise ValueError("a rung is at most a day long and lets at least one pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What is limited, by a name that is never reused, and how.

    Attributes:
        told: The safe sentence of the refusal.
        rungs: From the shortest window to the longest.
    """

    name: str
    told: str
    rungs: tuple[Rung, ...]

    @classmethod
    def of(cls, name: str, told: str, *, minute: int = 0, hour: int = 0, day: int = 0) -> Self:
        """Return a limit of so many a minute, an hour and a day; 0 leaves a rung out."""
        most = ((MINUTE, minute), (HOUR, hour), (DAY, day))
        rungs = tuple(Rung(seconds=seconds, most=n) for seconds, n in most if n)
        return cls(name=name, told=told, rungs=rungs)

    def times(self, factor: int) -> Self:
        """Return the limit that lets ``factor`` times as many pass, under the same counters."""
        rungs = tuple(replace(rung, most=rung.most * factor) for rung in self.rungs)
        return replace(self, rungs=rungs)

    def counter(self, vault: Vault, key: bytes, *, rung: Rung) -> bytes:
        """Return the keyed hash that the tries of ``key`` are counted under on ``rung``."""
        named = f"limit\x00{self.name}\x00{rung.seconds}\x00".encode()
        return vault.secrets.keyed(named + key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a try was counted as.

    Attributes:
        limited: Why it must not be made; raised outside the unit of work, so that it stays
            counted.
        counters: Counter and window of each rung that it passed.
    """

    limited: RateLimitedError | None
    counters: tuple[tuple[bytes, int], ...] = field(repr=False)

    def forgive(self, tx: Tx) -> None:
        """Take the try back: it turned out to be none of those that are limited."""
        for key_hash, start in self.counters:
            tx.protocol.forgive_try(key_hash, window_start=start)


def count(vault: Vault, tx: Tx, limits: Iterable[tuple[Limit, bytes]], *, now: int) -> Tally:
    """Count one try under each limit and its key, up to the first that is used up.

    Limits come from the narrowest to the widest: what a narrow one refuses uses nothing up of
    the wider ones that others share.

    Args:
        vault: The vault.
        tx: A unit of work that writes.
        limits: Each with what is counted.
        now: UTC seconds.
    """
    counters: list[tuple[bytes, int]] = []
    for limit, key in limits:
        for rung in limit.rungs:
            start = now // rung.seconds * rung.seconds
            counter = limit.counter(vault, key, rung=rung)
            if tx.protocol.count_try(counter, window_start=start) > rung.most:
                wait = start + rung.seconds - now
                limited = RateLimitedError(limit.told, retry_after_seconds=wait)
                return Tally(limited=limited, counters=tuple(counters))
            counters.append((counter, start))
    return Tally(limited=None, counters=tuple(counters))
