"""What an S3 store knows us by: an access key and a secret key, from a file of our own."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from storage.s3_failures import ObjectsRefusedError

_MOST_BYTES: Final = 4096
_LINES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Credentials:
    """A pair of keys; neither is ever shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read two lines, the access key and the secret key.

        Raises:
            ObjectsRefusedError: The file cannot be read, is open to others, or is no such file.
        """
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                found = os.fstat(file.fileno())
                text = file.read(_MOST_BYTES).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ObjectsRefusedError(
                "the file with the object store's keys cannot be read"
            ) from error
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o177:
            raise ObjectsRefusedError(
                "the file with the object store's keys is open to others: its mode must be 0600"
            )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) != _LINES:
            raise ObjectsRefusedError(
                "the file with the object store's keys has two lines: access key and secret key"
            )
        return cls(access_key=lines[0], secret_key=lines[1])
