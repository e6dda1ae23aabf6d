"""What a place for sealed files can do: hold whole objects under random names, and no more.

Nothing is ever listed: which objects there ought to be is known from the intents in the
database (``storage.blobs``). An object is written once and whole, and never changed.
"""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from vault.errors import IntegrityError

_OBJECT_KEY: Final = re.compile("[0-9a-f]{32}")


class ObjectStore(Protocol):
    """Holds objects; what is away or full raises ``StorageError`` with a sentence of its own."""

    def put(self, object_key: str, *, chunks: Iterator[bytes]) -> int:
        """Write a new object, durably; return how many bytes it was given.

        Whatever ``chunks`` raises passes through. After any failure nothing is there, or what
        the collector removes.
        """

    def length(self, object_key: str) -> int | None:
        """Return how many bytes an object has; ``None`` if there is no such object."""

    def get(self, object_key: str, *, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; ``IntegrityError`` if it is gone."""

    def remove(self, object_key: str) -> bool:
        """Remove an object and what was begun of it; say whether it is known to have been."""

    def sweep(self, *, before: int) -> int:
        """Remove what somebody began to write before ``before`` (UTC seconds) and never ended."""


def checked(object_key: str) -> str:
    """Return the name of an object, if it is one.

    Raises:
        IntegrityError: It is not 32 hexadecimal digits.
    """
    if not _OBJECT_KEY.fullmatch(object_key):
        raise IntegrityError("this is no name of a sealed file")
    return object_key


def gone() -> IntegrityError:
    """Return the error for an object that ought to be there."""
    return IntegrityError("a sealed file is gone")
