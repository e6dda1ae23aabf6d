"""A number of one's own among the processes that share a state folder.

Each process keeps what it last saw of the log in a file of its own; the number is part of its
name. Whoever starts takes the first number that no living process has.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from storage.failures import InUseError, OutOfReachError

SLOTS: Final = 256


@contextmanager
def taken_slot(folder: Path) -> Iterator[int]:
    """Hold the first free number of ``folder`` while the block runs; it goes with the process.

    Raises:
        OutOfReachError: The folder cannot be written.
        InUseError: There are too many processes.
    """
    for number in range(SLOTS):
        try:
            path = folder / f"process-{number}.lock"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutOfReachError(f"the state folder {folder} cannot be used") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        try:
            yield number
        finally:
            os.close(descriptor)
        return
    raise InUseError(f"{SLOTS} processes use the state folder {folder} already")


def state_file(folder: Path, *, log_id: int, slot: int = 0) -> Path:
    """Return where the process in ``slot`` keeps what it last saw of a log."""
    log = f"-{log_id}" if log_id else ""
    process = f".{slot}" if slot else ""
    return folder / f"journal{log}{process}.json"


def state_files(folder: Path, *, log_id: int) -> tuple[Path, ...]:
    """Return what any process kept of a log, also those that have ended."""
    every = (state_file(folder, log_id=log_id, slot=slot) for slot in range(SLOTS))
    return tuple(path for path in every if path.exists())
