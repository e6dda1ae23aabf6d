"""Opens a log: its first head, empty and signed."""

from sqlalchemy import Connection

from storage.log_rows import HeadRow, LogRows
from vault.crypto.signing import SignerKey
from vault.errors import StorageError
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier


def open_log(
    connection: Connection, *, log_id: int, year: int, origin: str, signer: SignerKey, now_ms: int
) -> bool:
    """Write the first head of a log; say whether there was none.

    Args:
        connection: In a transaction that writes; the caller ends it.
        log_id: Number of the shard.
        year: When the log is opened; it stays part of its rows for good.
        origin: Name of the log, which ``signer`` signs under.
        signer: The checkpoint key.
        now_ms: UTC milliseconds; no entry will be dated before.

    Raises:
        StorageError: The database has a log of another name at this place.
    """
    rows = LogRows(connection)
    found = rows.lock_head(log_id)
    if found is not None:
        if found.origin != origin:
            raise StorageError("the database has a log of another name; check the settings")
        return False
    empty = Frontier()
    checkpoint = Checkpoint(origin=origin, size=empty.size, root=empty.root())
    rows.open(
        HeadRow(
            log_id=log_id,
            year=year,
            origin=origin,
            size=empty.size,
            root=checkpoint.root,
            frontier=empty.to_bytes(),
            note=sign_checkpoint(checkpoint, signer=signer),
            last_ms=now_ms,
            frozen=0,
        )
    )
    return True
