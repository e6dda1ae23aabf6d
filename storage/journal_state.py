"""What this process last saw of its log, kept apart from the database (journal.md 6).

A database that is older than this file was put back from somewhere: serving from it would
forget revocations, so the log freezes. The file is written whole, under a new name, synced,
then renamed over the old one.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from vault.errors import StorageError

_ROOT: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """A committed head: origin, size, root as 64 hexadecimal digits, and whether it is frozen."""

    origin: str
    size: int
    root: str
    frozen: bool = False

    def __post_init__(self) -> None:
        """Refuse what no log has come to.

        Raises:
            ValueError: A value is of another type or form.
        """
        types = (type(self.origin), type(self.size), type(self.root), type(self.frozen))
        if types != (str, int, str, bool) or self.size < 0 or not _ROOT.fullmatch(self.root):
            raise ValueError("this is no state of a log")

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Return the state kept at ``path``, or ``None`` where there is none yet.

        Raises:
            StorageError: The file is there and cannot be read: it must not be ignored.
        """
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, TypeError, ValueError, RecursionError) as error:
            raise StorageError(
                f"the journal's state file {path.name} cannot be read; restore it, "
                "or remove it only if you are sure that the database is the newest"
            ) from error

    def save(self, path: Path) -> None:
        """Replace the state at ``path`` durably.

        Raises:
            StorageError: The file cannot be written.
        """
        fresh = path.with_suffix(".new")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(self), file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StorageError("the journal's state file cannot be written") from error
