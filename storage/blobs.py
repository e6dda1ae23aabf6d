"""Sealed files in an object store, written in two phases: no orphan and no loss at any crash.

First the intent, in a plain transaction; then the object, durably; then its length is checked.
The deposit turns the intent from ``pending`` to ``committed``; until then the collector may turn
it to ``deleting``, and one of the two comes first (crypto.md 7). Nothing lies in the store
without an intent that was written before it and is removed after it: so nobody ever has to
list the store.
"""

from collections.abc import Iterator
from contextlib import suppress

from storage.blob_intents import INTENT_SECONDS, BlobIntents
from storage.database import Database
from storage.objects import ObjectStore
from storage.unit_of_work import plain_transactions
from vault.clock import MS
from vault.errors import StorageError
from vault.ids import ID_BYTES, RandomBytes, Space


class StoredBlobs:
    """Implements ``vault.ports.Blobs`` over any object store."""

    def __init__(self, objects: ObjectStore, *, database: Database, random: RandomBytes) -> None:
        """Keep files in ``objects`` under names from ``random``; intents lie in ``database``."""
        self._objects = objects
        self._transaction = plain_transactions(database)
        self._random = random

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        """Record the intent, write durably, check the length; return ``(object_key, bytes)``.

        Raises:
            StorageError: The store or the database does not take it. What was written of it
                is removed again, at once or by the collector; whatever ``chunks`` raises has
                the same effect.
        """
        object_key = self._random(ID_BYTES).hex()
        with self._transaction() as connection:
            BlobIntents(connection).add(
                object_key, space=space, expires_at=now_ms // MS + INTENT_SECONDS
            )
        length = self._objects.put(object_key, chunks=chunks)
        if self._objects.length(object_key) != length:
            with suppress(StorageError):  # What resists is left to the collector.
                self._objects.remove(object_key)
            raise StorageError("a sealed file came out with another length: nothing was kept")
        return object_key, length

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        """Return up to ``length`` sealed bytes from ``offset``.

        Raises:
            IntegrityError: There is no such object.
            StorageError: It cannot be read.
        """
        return self._objects.get(object_key, offset=offset, length=length)

    def collect(self, *, now_ms: int) -> int:
        """Remove what expired intents and killed writers left; return how many objects went.

        Raises:
            StorageError: An object cannot be removed, or the database does not answer. What
                was begun is ended by the next call.
        """
        now = now_ms // MS
        collected = 0
        while (object_key := self._next(now)) is not None:
            collected += self._objects.remove(object_key)
            with self._transaction() as connection:
                BlobIntents(connection).remove(object_key)
        return collected + self._objects.sweep(before=now - INTENT_SECONDS)

    def _next(self, now: int) -> str | None:
        """Return an object that goes now; no deposit can name it any more."""
        with self._transaction() as connection:
            return BlobIntents(connection).take(now=now)
