"""Housekeeping: expired protocol rows, files that no deposit claimed, keys kept in memory."""

from typing import Final

from vault.clock import MS
from vault.services import Vault

ROWS_AT_ONCE: Final = 1000


def sweep(vault: Vault) -> int:
    """Remove what has expired; return how many rows and files went. Harmless to run twice."""
    now_ms = vault.clock.now_ms()
    vault.keyring.sweep()
    with vault.work() as tx:
        rows = tx.protocol.sweep(now=now_ms // MS, limit=ROWS_AT_ONCE)
    return rows + vault.blobs.collect(now_ms=now_ms)
