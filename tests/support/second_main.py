"""What runs in a second process: ``python -m tests.support.second_main FOLDER FD [FD …]``."""

import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from scripts.serving import log_as_json
from tests.support.founding import open_vault
from tests.support.second_process import READY, Said
from tests.support.town import Granted, Town
from vault.clients.protocol import AuthorizationCode, Claim
from vault.ids import ClientId
from vault.ports import LiveToken
from vault.services.suspend_client import resume_client, suspend_client


class Acts:
    """What can be asked of such a process; each returns the index of its entry, and a value."""

    def __init__(self, town: Town) -> None:
        """Act in ``town``."""
        self._town = town

    def pull(self, live: LiveToken, claim: Claim | None = None) -> tuple[int, str]:
        """Pull once."""
        release = self._town.pull(live, claim=claim)
        return release.proof.receipt.index, str(release.fields["name"])

    def resolved_pull(self, token_hash: bytes) -> tuple[int, str]:
        """Resolve a token first, as the front door does."""
        live = self._town.live(token_hash)
        if live is None:
            raise LookupError("no such token")
        return self.pull(live)

    def pulls(self, live: LiveToken, seconds: float) -> tuple[None, list[Said]]:
        """Pull again and again for so long; return what came of each."""
        until, said = time.monotonic() + seconds, list[Said]()
        while time.monotonic() < until:
            said.append(_said(self, "pull", (live,)))
        return None, said

    def revoke(self, granted: Granted) -> tuple[int, None]:
        """Take a consent back."""
        return self._town.revoke(granted).index, None

    def suspend(self, client_id: ClientId) -> tuple[int, None]:
        """Suspend a department's system."""
        return suspend_client(self._town.vault, client_id).index, None

    def resume(self, client_id: ClientId) -> tuple[int, None]:
        """Let it go on."""
        return resume_client(self._town.vault, client_id).index, None

    def redeem(self, code: AuthorizationCode) -> tuple[None, bool]:
        """Spend a code."""
        town = self._town
        with town.vault.work() as tx:
            spent = tx.protocol.spend_code(
                code.code_hash, client_id=code.client_id, now=town.now()
            )
        return None, spent

    def show(self, claim: Claim) -> tuple[None, bool]:
        """Show a proof."""
        with self._town.vault.work() as tx:
            (fresh,) = tx.protocol.claim([claim])
        return None, fresh

    def serving(self) -> tuple[None, bool]:
        """Say whether the journal takes entries."""
        return None, self._town.vault.journal.waiting


def _serve(connection: "Connection[Any, Any]", acts: Acts) -> None:
    connection.send(Said(invoked_at=0, answered_at=0, value=READY))
    while True:
        try:
            act, values, after = connection.recv()
        except EOFError:
            return
        time.sleep(after)
        connection.send(_said(acts, act, values))


def _said(acts: Acts, act: str, values: tuple[object, ...]) -> Said:
    invoked_at = time.monotonic_ns()
    try:
        index, value = getattr(acts, act)(*values)
    except Exception as error:  # noqa: BLE001 - told to who asked
        told = type(error).__name__
        return Said(invoked_at=invoked_at, answered_at=time.monotonic_ns(), error=told)
    return Said(invoked_at=invoked_at, answered_at=time.monotonic_ns(), index=index, value=value)


def main() -> None:
    """Serve until every line was hung up."""
    log_as_json()
    folder, *descriptors = sys.argv[1:]
    with open_vault(Path(folder)) as vault:
        acts = Acts(Town(vault))
        threads = [
            threading.Thread(target=_serve, args=(Connection(int(one)), acts))
            for one in descriptors
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
