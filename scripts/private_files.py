"""Files for one user: made with mode 0600, never through a link, never left half written."""

import os
from pathlib import Path


def write_private(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600, all of it or nothing.

    Raises:
        FileExistsError: There is such a file, or a link of that name.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # Unlike a rename, this overwrites nothing.
    finally:
        fresh.unlink()


def append_private(path: Path, data: bytes) -> None:
    """Append to a file of mode 0600; make it if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "ab") as file:
        file.write(data)


def read_private(path: Path) -> bytes:
    """Return the bytes of a file; a link is not followed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read()
