"""Sealed files in a folder, written in two phases: no orphan and no loss at any crash point.

First the intent, in a plain transaction; then a temporary file in the object's own folder,
synced, renamed, its folder synced, its length checked. The deposit turns the intent from
``pending`` to ``committed``; until then the collector may turn it to ``deleting``, and one of
the two comes first (crypto.md 7). Nothing lies here without an intent that was written before
it and is removed after it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage.blob_intents import INTENT_SECONDS, BlobIntents
from storage.database import Database
from storage.unit_of_work import plain_transactions
from vault.clock import MS
from vault.errors import IntegrityError, StorageError
from vault.ids import ID_BYTES, RandomBytes, Space

PART: Final = ".part"
"""How the name of a file ends that is being written."""

_OBJECT_KEY: Final = re.compile("[0-9a-f]{32}")
_FULL: Final = "the folder of sealed files does not take what is given: nothing was kept"


class FolderBlobs:
    """Implements ``vault.ports.Blobs`` over a folder of this machine."""

    def __init__(self, folder: Path, *, database: Database, random: RandomBytes) -> None:
        """Keep files below ``folder``, spread over 256 folders; intents lie in ``database``."""
        self._folder = folder
        self._transaction = plain_transactions(database)
        self._random = random

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        """Record the intent, write durably, check the length; return ``(object_key, bytes)``.

        Raises:
            StorageError: The disk or the database does not take it. What was written of it is
                removed again; whatever ``chunks`` raises has the same effect.
        """
        object_key = self._random(ID_BYTES).hex()
        with self._transaction() as connection:
            BlobIntents(connection).add(
                object_key, space=space, expires_at=now_ms // MS + INTENT_SECONDS
            )
        path = self._path(object_key)
        part = path.with_suffix(PART)
        try:
            self._make_folder(path.parent)
            length = _write(part, chunks)
            part.rename(path)
            _sync(path.parent)
            found = path.stat().st_size
        except BaseException as error:
            _discard(part, path)
            if isinstance(error, OSError):
                raise StorageError(_FULL) from error
            raise
        if found != length:
            _discard(path)
            raise StorageError("a sealed file came out with another length: nothing was kept")
        return object_key, length

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        """Return up to ``length`` sealed bytes from ``offset``.

        Raises:
            IntegrityError: There is no such object.
            StorageError: It cannot be read.
        """
        if not _OBJECT_KEY.fullmatch(object_key):
            raise IntegrityError("this is no name of a sealed file")
        try:
            with self._path(object_key).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise IntegrityError("a sealed file is gone") from error
        except OSError as error:
            raise StorageError("a sealed file cannot be read") from error

    def collect(self, *, now_ms: int) -> int:
        """Remove what expired intents and killed writers left; return how many objects went.

        Raises:
            StorageError: A file cannot be removed, or the database does not answer. What was
                begun is ended by the next call.
        """
        now = now_ms // MS
        gone = 0
        while (object_key := self._next(now)) is not None:
            path = self._path(object_key)
            try:
                gone += _remove(path) + _remove(path.with_suffix(PART))
                if path.parent.is_dir():
                    _sync(path.parent)
            except OSError as error:
                raise StorageError("a sealed file cannot be removed") from error
            with self._transaction() as connection:
                BlobIntents(connection).remove(object_key)
        return gone + self._sweep(now - INTENT_SECONDS)

    def _next(self, now: int) -> str | None:
        """Return an object that goes now; no deposit can name it any more."""
        with self._transaction() as connection:
            return BlobIntents(connection).take(now=now)

    def _sweep(self, before: int) -> int:
        """Remove files that somebody began to write before ``before``, in UTC seconds."""
        gone = 0
        for part in self._folder.glob(f"??/*{PART}"):
            with suppress(OSError):  # Its writer may be ending it right now.
                if part.stat().st_mtime < before:
                    gone += _remove(part)
        return gone

    def _path(self, object_key: str) -> Path:
        return self._folder / object_key[:2] / object_key

    def _make_folder(self, folder: Path) -> None:
        for one in (self._folder, folder):
            if not one.is_dir():
                one.mkdir(parents=True, exist_ok=True, mode=0o700)
                _sync(one.parent)


def _write(path: Path, chunks: Iterator[bytes]) -> int:
    """Write ``chunks`` to a new file, durably; return how many bytes they were."""
    length = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            length += file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return length


def _sync(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(*paths: Path) -> None:
    """Remove what may be there; what resists is left to the collector."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _remove(path: Path) -> bool:
    """Remove a file; say whether there was one."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
