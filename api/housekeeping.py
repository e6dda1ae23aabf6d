"""What a process does by itself, from time to time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api.oauth.signer import Signer
from vault.services import Vault
from vault.services.signing_keys import keep_signing_keys
from vault.services.sweep import sweep

_log = structlog.get_logger("myspace.wiring")


@contextmanager
def housekeeping(vault: Vault, signer: Signer, *, every: float) -> Iterator[None]:
    """Sweep, and rotate and reread keys, every ``every`` seconds while the block runs."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every):
            for chore in (lambda: sweep(vault), lambda: keep_signing_keys(vault), signer.refresh):
                try:
                    chore()
                except Exception:  # noqa: BLE001 - the next round tries again, whatever this met
                    _log.exception("housekeeping was not done")

    thread = threading.Thread(target=keep, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
