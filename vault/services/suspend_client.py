"""The operator stops a department's system at once, or lets it go on.

Every pull compares the version of its client's row under the lock, so after the receipt is
returned no pull of a suspended client succeeds.
"""

from dataclasses import replace

from vault.clients import ClientStatus
from vault.errors import ConflictError, NotFoundError
from vault.ids import ClientId
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def suspend_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Suspend an active client.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not active, or was changed meanwhile.
        JournalUnavailableError: Not known to be suspended: ask again.
    """
    return _step(
        vault,
        client_id,
        before=ClientStatus.ACTIVE,
        after=ClientStatus.SUSPENDED,
        kind=Kind.CLIENT_SUSPEND,
    )


def resume_client(vault: Vault, client_id: ClientId) -> Receipt:
    """Let a suspended client go on.

    Raises:
        NotFoundError: There is no such client.
        ConflictError: It is not suspended, or was changed meanwhile.
        JournalUnavailableError: Nothing changed.
    """
    return _step(
        vault,
        client_id,
        before=ClientStatus.SUSPENDED,
        after=ClientStatus.ACTIVE,
        kind=Kind.CLIENT_RESUME,
    )


def _step(
    vault: Vault, client_id: ClientId, *, before: ClientStatus, after: ClientStatus, kind: Kind
) -> Receipt:
    with vault.read() as tx:
        client = tx.clients.get(client_id)
    if client is None:
        raise NotFoundError("no such client")
    if client.status is not before:
        raise ConflictError(f"the client is {client.status.value}")
    changed = replace(client, status=after, version=client.version + 1)

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.clients.replace(changed, expected=client.version)

    return operate(
        vault,
        kind=kind,
        change=StateChange(
            object=Guarded.CLIENT.value,
            id=client_id,
            came_from=before.value,
            became=after.value,
            version=changed.version,
        ),
        effect=effect,
        by=By(department=client.department_id, client=client_id),
        urgency=Urgency.TAKES_AWAY if after is ClientStatus.SUSPENDED else Urgency.NORMAL,
    )
