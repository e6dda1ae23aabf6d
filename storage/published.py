"""The checkpoint that was published last: a file apart from the database (journal.md 6).

Anybody may read it, a web server as well. It is replaced whole and never by a smaller one, also
where several processes publish to one folder. A database that is older was put back.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from storage.journal_state import LogState
from vault.crypto.signing import VerifierKey
from vault.errors import IntegrityError, StorageError
from vault.journal.checkpoints import parse_checkpoint, verify_checkpoint

NAME: Final = "checkpoint"
MODE: Final = 0o644


def published_file(folder: Path, *, log_id: int) -> Path:
    """Return where the checkpoint of a log is published."""
    return folder / NAME if not log_id else folder / str(log_id) / NAME


def published_note(path: Path) -> str | None:
    """Return the checkpoint that was published last, or ``None`` where there is none.

    Raises:
        StorageError: It is there and cannot be read: it must not be ignored.
    """
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(_UNREADABLE) from error


def published_state(path: Path | None, *, verifier: VerifierKey) -> LogState | None:
    """Return what the published checkpoint proves to have been.

    Raises:
        StorageError: It cannot be read, or the log has not signed it.
    """
    note = None if path is None else published_note(path)
    if note is None:
        return None
    try:
        head = verify_checkpoint(note, verifier=verifier, origin=verifier.name)
    except IntegrityError as error:
        raise StorageError(_UNREADABLE) from error
    return LogState(origin=head.origin, size=head.size, root=head.root.hex())


def publish(path: Path, note: str) -> int:
    """Publish ``note`` unless a larger checkpoint is there; return the size of what is there.

    Raises:
        StorageError: The folder cannot be written, or what is there is no checkpoint.
    """
    size = parse_checkpoint(note).size
    try:
        with _alone(path.parent):
            there = published_note(path)
            found = -1 if there is None else parse_checkpoint(there).size
            if found > size or there == note:
                return max(found, size)
            _replace(path, note)
    except OSError as error:
        raise StorageError("the published checkpoint cannot be written") from error
    except IntegrityError as error:
        raise StorageError(_UNREADABLE) from error
    return size


def _replace(path: Path, note: str) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process publish here meanwhile; the lock is the folder's own."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


_UNREADABLE: Final = (
    "the published checkpoint is not one of this log; restore it, or remove it only if you are "
    "sure that the database is the newest"
)
