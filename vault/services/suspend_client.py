"""The operator stops a department's system at once, or lets it go on.

Every pull compares the version of its client's row under the lock, so after the receipt is
returned no pull of a suspended client succeeds.
"""

from typing import Final

from vault.clients import ClientStatus
from vault.ids import ClientId
from vault.journal.entries import Kind
from vault.journal.operations import Urgency
from vault.journal.receipts import Receipt
from vault.services import Vault
from vault.services.client_steps import known_client, step_client

_ACTIVE: Final = frozenset({ClientStatus.ACTIVE})
_SUSPENDED: Final = frozenset({ClientStatus.SUSPENDED})


def suspend_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Suspend an active client.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not active, or was changed meanwhile.
        JournalUnavailableError: Not known to be suspended: ask again.
    """
    return step_client(
        vault,
        known_client(vault, client_id),
        before=_ACTIVE,
        after=ClientStatus.SUSPENDED,
        kind=Kind.CLIENT_SUSPEND,
        urgency=Urgency.TAKES_AWAY,
    )


def resume_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Let a suspended client go on.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not suspended, or was changed meanwhile.
        JournalUnavailableError: Nothing changed.
    """
    return step_client(
        vault,
        known_client(vault, client_id),
        before=_SUSPENDED,
        after=ClientStatus.ACTIVE,
        kind=Kind.CLIENT_RESUME,
    )
