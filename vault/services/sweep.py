"""Housekeeping: expired protocol rows, files that no deposit claimed, keys kept in memory."""

from typing import Final

from vault.clock import MS
from vault.services import Vault

ROWS_AT_ONCE: Final = 1000
"""Rows of each kind in one transaction: whoever waits to write waits for no more."""

ROUNDS: Final = 300
"""Every pull leaves a row behind: one transaction for each sweep would fall behind the pulls."""


def sweep(vault: Vault) -> int:
    """Remove what has expired; return how many rows and files went. Harmless to run twice."""
    now_ms = vault.clock.now_ms()
    vault.keyring.sweep()
    rows = 0
    for _ in range(ROUNDS):
        with vault.work() as tx:
            gone = tx.protocol.sweep(now=now_ms // MS, limit=ROWS_AT_ONCE)
        rows += gone
        if gone < ROWS_AT_ONCE:  # So no kind has more.
            break
    return rows + vault.blobs.collect(now_ms=now_ms)
