"""Sealed files in memory, under random names, with the intents that the database keeps."""

from collections.abc import Iterator

from tests.support.memory.database import Memory
from tests.support.memory.rows import Intent
from vault.clock import MS
from vault.errors import IntegrityError
from vault.ids import ID_BYTES, RandomBytes, Space

INTENT_SECONDS = 24 * 3600


class MemoryBlobs:
    """Implements ``vault.ports.Blobs``.

    Attributes:
        objects: What was written, by object key.
    """

    def __init__(self, memory: Memory, *, random: RandomBytes) -> None:
        self.objects: dict[str, bytes] = {}
        self._memory = memory
        self._random = random

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        object_key = self._random(ID_BYTES).hex()
        with self._memory.changing() as rows:
            rows.intents.add(object_key, Intent(space, "pending", now_ms // MS + INTENT_SECONDS))
        self.objects[object_key] = b"".join(chunks)
        return object_key, len(self.objects[object_key])

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        try:
            return self.objects[object_key][offset : offset + length]
        except KeyError as error:
            raise IntegrityError("a sealed file is gone") from error

    def collect(self, *, now_ms: int) -> int:
        with self._memory.changing() as rows:
            gone = [
                object_key
                for object_key, intent in rows.intents.items()
                if intent.state == "pending" and intent.expires_at <= now_ms // MS
            ]
            for object_key in gone:
                del rows.intents[object_key]
        return sum(self.objects.pop(object_key, None) is not None for object_key in gone)
