"""Housekeeping: expired protocol rows, files that no deposit claimed, keys kept in memory."""

from typing import Final

from vault.clock import MS
from vault.services import Vault

ROWS_AT_ONCE: Final = 1000
"""Rows of each kind in one transaction: whoever waits to write waits for no more."""


def sweep(vault: Vault) -> int:
    """Remove what has expired; return how many rows and files went. Harmless to run twice."""
    now_ms = vault.clock.now_ms()
    vault.keyring.sweep()
    gone, rows = ROWS_AT_ONCE, 0
    while gone >= ROWS_AT_ONCE:  # Ends: what expires after ``now_ms`` is left for the next time.
        with vault.work() as tx:
            gone = tx.protocol.sweep(now=now_ms // MS, limit=ROWS_AT_ONCE)
        rows += gone
    return rows + vault.blobs.collect(now_ms=now_ms)
