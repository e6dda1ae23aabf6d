"""The public keys that the checkpoints of this deployment's log are, and were, signed with."""

from vault.crypto.keyring import CHECKPOINT, CHECKPOINT_ML_DSA
from vault.journal.public import PublicLog
from vault.services import Vault


def verifier_keys(vault: Vault, log: PublicLog) -> tuple[str, ...]:
    """Return every verifier key of ``log`` as C2SP writes it.

    Those of Ed25519 first, since each checkpoint has their line; of a kind the newest first.
    """
    origin = log.origin
    with vault.read() as tx:
        rows = tx.system.all()
    kept = [
        row
        for name in (CHECKPOINT, CHECKPOINT_ML_DSA)
        for row in sorted(rows, key=lambda row: row.version, reverse=True)
        if row.name == name
    ]
    return tuple(
        vault.keyring.checkpoint_signer(row, origin=origin).verifier.encode() for row in kept
    )
