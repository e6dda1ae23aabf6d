"""Notes, as an entry, that the operator let guarded rows of an older release be sealed."""

from vault.journal.entries import Kind
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def note_sealing(vault: Vault) -> Receipt:
    """Write the entry; the rows have their hashes already.

    Raises:
        JournalUnavailableError: There is no entry.
    """
    return operate(vault, kind=Kind.LOG_ROWS_SEALED, change=None, effect=_nothing)


def _nothing(_tx: Tx, _at_ms: int) -> None:
    """Change nothing: the entry says all."""
