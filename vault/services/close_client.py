"""A department's system ends: by its own wish (RFC 7592 s. 2.3) or the operator's.

Every token and every pull is judged by the client's row, so nothing that was granted to it
releases anything once the receipt is returned. It never comes back.
"""

from typing import Final

from vault.clients import ClientStatus
from vault.ids import ClientId
from vault.journal.entries import Kind
from vault.journal.operations import Urgency
from vault.journal.receipts import Receipt
from vault.services import Vault
from vault.services.client_steps import known_client, step_client

_OPEN: Final = frozenset(ClientStatus) - {ClientStatus.CLOSED}


def close_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Close a client of any other status.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is closed already, or was changed meanwhile.
        JournalUnavailableError: Not known to be closed: ask again.
    """
    return step_client(
        vault,
        known_client(vault, client_id),
        before=_OPEN,
        after=ClientStatus.CLOSED,
        kind=Kind.CLIENT_CLOSE,
        urgency=Urgency.TAKES_AWAY,
    )
