"""The operator lets a department's system in that registered itself, or refuses it.

What is approved is the version that was looked at: a registration that its department changes
meanwhile has to be looked at again.
"""

from typing import Final

from vault.clients import ClientStatus
from vault.errors import ConflictError
from vault.ids import ClientId
from vault.journal.entries import Kind
from vault.journal.receipts import Receipt
from vault.services import Vault
from vault.services.client_steps import known_client, step_client

_PENDING: Final = frozenset({ClientStatus.PENDING})


def approve_client(vault: Vault, client_id: ClientId, *, version: int) -> Receipt:
    """Let a pending client in, as it stands at ``version``; its profile is fixed from now on.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not pending, or not what was looked at any more.
        JournalUnavailableError: Not known to be approved: ask again.
    """
    client = known_client(vault, client_id)
    if client.version != version:
        raise ConflictError("the registration is not the one that was looked at")
    return step_client(
        vault, client, before=_PENDING, after=ClientStatus.ACTIVE, kind=Kind.CLIENT_APPROVE
    )


def refuse_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Close a pending client for good.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not pending, or was changed meanwhile.
        JournalUnavailableError: Not known to be refused: ask again.
    """
    return step_client(
        vault,
        known_client(vault, client_id),
        before=_PENDING,
        after=ClientStatus.CLOSED,
        kind=Kind.CLIENT_REFUSE,
    )
