"""Runs a database server out of disk: ``python -m tests.support.full_server FOLDER volume|files``.

``volume``: its data lie on a file system of their own (tmpfs in a namespace of ours), which a
ballast fills up; exits 77 where the system gives none. ``said``: the server only says that its
disk is full (SQLSTATE 53100). Prints one line of JSON for each step.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from scripts.local.accounts import TRAVERSABLE, open_folder
from scripts.local.postgresql import Postgresql
from scripts.local.postgresql_files import DATABASE
from scripts.serving import log_as_json
from scripts.verifying import verify_all
from tests.support.founding import found_town, open_vault, put_on
from tests.support.full_disk import NAME, PERSON, UNSUPPORTED, say, until_it_fails
from tests.support.on_disk import entries, holes, opened
from tests.support.town import Town
from vault.journal.entries import Kind

VOLUME_BYTES: Final = 192 * 2**20
ROOM: Final = 64 * 1024
_SAYING: Final = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION full_disk()
"""
_DETACH: Final = 2
_NEW_MOUNTS: Final = 0x00020000
_PRIVATE: Final = 0x40000 | 0x4000  # MS_PRIVATE | MS_REC: what we mount is seen by us alone.


class Disk(Protocol):
    """What can be full."""

    def squeeze(self, server: Postgresql) -> None:
        """Leave little room."""

    def relieve(self, server: Postgresql) -> None:
        """Make room again."""

    def close(self) -> None:
        """Leave nothing behind."""


class Volume:
    """The data lie on a small file system."""

    def __init__(self, folder: Path) -> None:
        """Mount it at ``folder``, for this process and its children."""
        folder.mkdir()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_MOUNTS) or libc.mount(None, b"/", None, _PRIVATE, None):
            sys.exit(UNSUPPORTED)
        size = f"size={VOLUME_BYTES}".encode()
        if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size):
            sys.exit(UNSUPPORTED)
        folder.chmod(TRAVERSABLE)
        self._libc, self._folder, self._ballast = libc, folder, folder / "ballast"

    def squeeze(self, _server: Postgresql) -> None:
        """Fill it, but for some room."""
        state = os.statvfs(self._folder)
        self._ballast.write_bytes(bytes(state.f_bavail * state.f_frsize - ROOM))

    def relieve(self, _server: Postgresql) -> None:
        """Empty it again."""
        self._ballast.unlink()

    def close(self) -> None:
        """Take it down."""
        self._libc.umount2(os.fsencode(self._folder), _DETACH)


class Said:
    """The server says of the journal's table what it says of a full disk."""

    def squeeze(self, server: Postgresql) -> None:
        """Let it take no more entries."""
        server.admin(_SAYING, database=DATABASE)

    def relieve(self, server: Postgresql) -> None:
        """Let it take entries again."""
        server.admin("DROP FUNCTION full_disk CASCADE", database=DATABASE)

    def close(self) -> None:
        """There is nothing to take down."""


@contextmanager
def _server(kind: str) -> Iterator[tuple[Postgresql, Disk]]:
    with open_folder() as folder:
        place = folder / "volume"
        disk: Disk = Volume(place) if kind == "volume" else Said()
        try:
            with Postgresql(place / "server") as server:
                yield server, disk
        finally:
            disk.close()


def main() -> None:
    """Pull until the server's disk is full, then with room again."""
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    log_as_json()
    with _server(kind) as (server, disk):
        put_on(folder, address=server.address(), password_file=server.password_file)
        found_town(folder)
        with open_vault(folder) as vault:
            town = Town(vault)
            town.deposit(PERSON, name=NAME)
            granted = town.consent(PERSON, town.open_case(PERSON).case_no)
            assert town.pull(granted.live).fields["name"] == NAME
            disk.squeeze(server)
            released, error = until_it_fails(town, granted)
            told = [] if error is None else [error, error.__cause__]
            say(step="full", released=released + 1, error=[type(one).__name__ for one in told])
            disk.relieve(server)
            again = town.pull(granted.live).fields["name"] == NAME
            say(step="relieved", released=again, revoked=bool(town.revoke(granted)))
        with opened(folder) as found:
            verified = verify_all(found, progress=lambda _done, _size: None)
            pulls = sum(entry.kind is Kind.PULL for entry in entries(found).values())
            say(step="verified", faults=verified.faults, holes=holes(found), pulls=pulls)


if __name__ == "__main__":
    main()
