"""The public keys that the checkpoints of this deployment's log are, and were, signed with."""

from vault.crypto.keyring import CHECKPOINT
from vault.journal.public import PublicLog
from vault.services import Vault


def verifier_keys(vault: Vault, log: PublicLog) -> tuple[str, ...]:
    """Return every verifier key of ``log`` as C2SP writes it, the newest first."""
    origin = log.origin
    with vault.read() as tx:
        rows = [row for row in tx.system.all() if row.name == CHECKPOINT]
    newest_first = sorted(rows, key=lambda row: row.version, reverse=True)
    return tuple(
        vault.keyring.checkpoint_signer(row, origin=origin).verifier.encode()
        for row in newest_first
    )
