"""Sealed files in a folder of this machine, spread over 256 folders.

A new file is written beside its place, synced, renamed, and its folder synced: a name that can
be read is that of a whole file, also after the power has failed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage.objects import checked, gone
from vault.errors import StorageError

PART: Final = ".part"
"""How the name of a file ends that is being written."""

_FULL: Final = "the folder of sealed files does not take what is given: nothing was kept"
_UNREADABLE: Final = "a sealed file cannot be read"


class FolderObjects:
    """Implements ``storage.objects.ObjectStore``."""

    def __init__(self, folder: Path) -> None:
        """Keep files below ``folder``; it is made when the first one comes."""
        self._folder = folder

    def put(self, object_key: str, *, chunks: Iterator[bytes]) -> int:
        """See the port; a file that breaks off is removed at once."""
        path = self._path(object_key)
        part = path.with_suffix(PART)
        try:
            self._make_folder(path.parent)
            length = _write(part, chunks)
            part.rename(path)
            _sync(path.parent)
        except BaseException as error:
            _discard(part, path)
            if isinstance(error, OSError):
                raise StorageError(_FULL) from error
            raise
        return length

    def length(self, object_key: str) -> int | None:
        """See the port."""
        try:
            return self._path(object_key).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(_UNREADABLE) from error

    def get(self, object_key: str, *, offset: int, length: int) -> bytes:
        """See the port."""
        try:
            with self._path(object_key).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise gone() from error
        except OSError as error:
            raise StorageError(_UNREADABLE) from error

    def remove(self, object_key: str) -> bool:
        """See the port."""
        path = self._path(object_key)
        try:
            there = [_remove(one) for one in (path, path.with_suffix(PART))]
            if path.parent.is_dir():
                _sync(path.parent)
        except OSError as error:
            raise StorageError("a sealed file cannot be removed") from error
        return any(there)

    def sweep(self, *, before: int) -> int:
        """See the port."""
        swept = 0
        for part in self._folder.glob(f"??/*{PART}"):
            with suppress(OSError):  # Its writer may be ending it right now.
                if part.stat().st_mtime < before:
                    swept += _remove(part)
        return swept

    def _path(self, object_key: str) -> Path:
        name = checked(object_key)
        return self._folder / name[:2] / name

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
