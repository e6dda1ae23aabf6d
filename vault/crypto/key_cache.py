"""Unwrapped keys, kept for at most 60 s and at most 1,000 of them (crypto.md 12).

The age counts from unwrapping, not from the last use: a key that was destroyed elsewhere is
gone from here within that time, however often it is asked for.
"""

import threading
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from vault.crypto.contexts import Purpose
from vault.crypto.keys import Key, WrappedKey

LIFETIME_SECONDS: Final = 60.0
CAPACITY: Final = 1000

Monotonic = Callable[[], float]
"""Seconds that never run backwards, ``time.monotonic`` outside tests."""

K = TypeVar("K", bound=Key)


class _Place(NamedTuple):
    """Names a key and the very wrap it came from: another row in its place is another key."""

    owner_id: bytes
    purpose: Purpose
    name: str
    version: int
    parent_version: int
    wrap: bytes


class KeyCache:
    """Thread-safe; the oldest key makes room for a new one."""

    def __init__(
        self,
        *,
        monotonic: Monotonic,
        lifetime: float = LIFETIME_SECONDS,
        capacity: int = CAPACITY,
    ) -> None:
        """Start empty. A ``capacity`` of 0 keeps nothing (strict mode)."""
        self._monotonic = monotonic
        self._lifetime = lifetime
        self._capacity = capacity
        self._kept: dict[_Place, tuple[float, Key]] = {}
        self._lock = threading.Lock()

    def get(self, wrapped: WrappedKey, *, kind: type[K], unwrap: Callable[[], K]) -> K:
        """Return the key inside ``wrapped``, kept or else unwrapped now.

        Two threads may unwrap the same key at once; neither waits for the other's provider.
        """
        place = _Place(
            wrapped.owner_id,
            wrapped.purpose,
            wrapped.name,
            wrapped.version,
            wrapped.parent_version,
            wrapped.wrap,
        )
        now = self._monotonic()
        with self._lock:
            until, kept = self._kept.get(place, (now, None))
        if now < until and isinstance(kept, kind):
            return kept
        key = unwrap()
        with self._lock:
            self._kept.pop(place, None)
            self._kept[place] = (now + self._lifetime, key)
            while len(self._kept) > self._capacity:
                del self._kept[next(iter(self._kept))]
        return key

    def sweep(self) -> None:
        """Drop what is too old, whether anybody asks for it or not."""
        now = self._monotonic()
        with self._lock:
            self._kept = {place: kept for place, kept in self._kept.items() if now < kept[0]}

    def forget(self, owner_id: bytes) -> None:
        """Drop every key of one owner at once."""
        with self._lock:
            self._kept = {
                place: kept for place, kept in self._kept.items() if place.owner_id != owner_id
            }

    def __len__(self) -> int:
        """Return how many keys are kept."""
        return len(self._kept)
