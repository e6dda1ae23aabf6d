"""The list in a state row: names and versions of rows, all of one length, in no order."""

from collections.abc import Iterator
from typing import Final

from storage.row_macs import KEY_BYTES

VERSION_BYTES: Final = 8
_LISTED_BYTES: Final = KEY_BYTES + VERSION_BYTES


class Versions:
    """The list of a state row: names and versions of rows, all of one length."""

    __slots__ = ("_listed",)

    def __init__(self, listed: bytes = b"") -> None:
        """Read a list."""
        self._listed = bytearray(listed)

    def __bytes__(self) -> bytes:
        """Return the list as it is stored."""
        return bytes(self._listed)

    def get(self, name: bytes) -> int | None:
        """Return the version of a row; ``None`` for one that is not listed."""
        at = self._at(name)
        if at < 0:
            return None
        return int.from_bytes(self._listed[at + KEY_BYTES : at + _LISTED_BYTES], "big")

    def put(self, name: bytes, version: int) -> None:
        """List a row, or its next version."""
        at = self._at(name)
        if at < 0:
            self._listed += name + version.to_bytes(VERSION_BYTES, "big")
        else:
            encoded = version.to_bytes(VERSION_BYTES, "big")
            self._listed[at + KEY_BYTES : at + _LISTED_BYTES] = encoded

    def drop(self, name: bytes) -> None:
        """List a row no more."""
        at = self._at(name)
        if at >= 0:
            del self._listed[at : at + _LISTED_BYTES]

    def items(self) -> Iterator[tuple[bytes, int]]:
        """Yield the name and the version of every row."""
        for at in range(0, len(self._listed), _LISTED_BYTES):
            name = bytes(self._listed[at : at + KEY_BYTES])
            yield name, int.from_bytes(self._listed[at + KEY_BYTES : at + _LISTED_BYTES], "big")

    def _at(self, name: bytes) -> int:
        at = self._listed.find(name)
        while at > 0 and at % _LISTED_BYTES:
            at = self._listed.find(name, at + 1)
        return at
