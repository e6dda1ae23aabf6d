"""Runs a vault out of disk: ``python -m tests.support.full_disk FOLDER file|folder|pages``.

``file``: no file may grow past a limit (RLIMIT_FSIZE). ``folder``: the data lie on a file system
of a few megabytes that is filled up (tmpfs in a namespace of our own); exits 77 where the system
gives none. ``pages``: SQLite is allowed no more pages, and says what it says of a full disk
(SQLITE_FULL). Prints one line of JSON for each step.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine, event

from scripts.serving import log_as_json
from scripts.verifying import verify_all
from tests.support.founding import found_town, open_vault
from tests.support.on_disk import entries, opened
from tests.support.town import Granted, Town
from vault.errors import VaultError
from vault.journal.entries import Kind

PERSON: Final = 3
NAME: Final = "张示例"
ROOM: Final = 256 * 1024
FILE_SYSTEM_BYTES: Final = 8 * 2**20
MOST_PULLS: Final = 5000
UNSUPPORTED: Final = 77
PAGE_BYTES: Final = 4096
UNLIMITED_PAGES: Final = 0xFFFFFFFE
_NEW_USERS, _NEW_MOUNTS = 0x10000000, 0x00020000


def say(**line: object) -> None:
    """Print one step."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Disk(Protocol):
    """What can be full."""

    def squeeze(self) -> None:
        """Leave little room."""

    def relieve(self) -> None:
        """Make room again."""


class GrowingFiles:
    """No file may grow past what it has now, and some room."""

    def __init__(self, data: Path) -> None:
        """Limit the files below ``data``."""
        data.mkdir(parents=True)
        self._data = data
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # Be told by an error, not by a signal.

    def squeeze(self) -> None:
        """Set the limit."""
        longest = max(path.stat().st_size for path in self._data.iterdir() if path.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest + ROOM, self._before[1]))

    def relieve(self) -> None:
        """Lift it again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


class SmallFolder:
    """The data lie on a small file system, which a ballast fills."""

    def __init__(self, data: Path) -> None:
        """Mount a file system at ``data``, seen by this process alone."""
        data.mkdir(parents=True)
        user, group = os.geteuid(), os.getegid()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_USERS | _NEW_MOUNTS):
            sys.exit(UNSUPPORTED)
        own = Path("/proc/self")
        try:
            (own / "setgroups").write_text("deny")
            (own / "uid_map").write_text(f"{user} {user} 1")
            (own / "gid_map").write_text(f"{group} {group} 1")
        except OSError:
            sys.exit(UNSUPPORTED)
        size = f"size={FILE_SYSTEM_BYTES}".encode()
        if libc.mount(b"tmpfs", os.fsencode(data), b"tmpfs", 0, size):
            sys.exit(UNSUPPORTED)
        self._data, self._ballast = data, data / "ballast"

    def squeeze(self) -> None:
        """Fill it, but for some room."""
        state = os.statvfs(self._data)
        free = state.f_bavail * state.f_frsize
        self._ballast.write_bytes(bytes(free - ROOM))

    def relieve(self) -> None:
        """Empty it again."""
        self._ballast.unlink()


class FewPages:
    """The database may have no more pages than now, and some room."""

    def __init__(self, data: Path) -> None:
        """Listen for the connections of this process; ``data`` is the folder of their database."""
        data.mkdir(parents=True)
        self._connections: list[Any] = []
        event.listen(Engine, "connect", lambda raw, _record: self._connections.append(raw))
        event.listen(Engine, "close", lambda raw, _record: self._connections.remove(raw))

    def squeeze(self) -> None:
        """Set the limit, which each connection has for itself."""
        for raw in self._connections:
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            self._limit(raw, pages + ROOM // PAGE_BYTES)

    def relieve(self) -> None:
        """Lift it again."""
        for raw in self._connections:
            self._limit(raw, UNLIMITED_PAGES)

    def _limit(self, raw: Any, pages: int) -> None:  # noqa: ANN401 - the driver's connection
        raw.execute(f"PRAGMA max_page_count = {pages}")


KINDS: Final[dict[str, Callable[[Path], Disk]]] = {
    "file": GrowingFiles,
    "folder": SmallFolder,
    "pages": FewPages,
}


def until_it_fails(town: Town, granted: Granted) -> tuple[int, VaultError | None]:
    """Pull until a pull fails; return how many were released, and the error."""
    for number in range(MOST_PULLS):
        try:
            released = town.pull(granted.live).fields["name"]
        except VaultError as error:
            return number, error
        assert released == NAME
    return MOST_PULLS, None


def main() -> None:
    """Pull until the disk is full, then with room again."""
    folder = Path(sys.argv[1])
    data = folder / "data"
    log_as_json()
    disk = KINDS[sys.argv[2]](data)
    found_town(folder)
    with open_vault(folder) as vault:
        town = Town(vault)
        town.deposit(PERSON, name=NAME)
        granted = town.consent(PERSON, town.open_case(PERSON).case_no)
        assert town.pull(granted.live).fields["name"] == NAME
        disk.squeeze()
        released, error = until_it_fails(town, granted)
        say(step="full", released=released + 1, error=_names(error))
        disk.relieve()
        again = town.pull(granted.live).fields["name"] == NAME
        say(step="relieved", released=again, revoked=bool(town.revoke(granted)))
    with opened(folder) as found:
        verified = verify_all(found, progress=lambda _done, _size: None)
        say(step="verified", faults=verified.faults, pulls=_pulls(folder))


def _names(error: VaultError | None) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _pulls(folder: Path) -> int:
    with opened(folder) as found:
        return sum(entry.kind is Kind.PULL for entry in entries(found).values())


if __name__ == "__main__":
    main()
