"""What every change of a registered client shares: one version further, one entry."""

from dataclasses import replace

from vault.clients import Client, ClientStatus
from vault.errors import ConflictError, NotFoundError
from vault.ids import ClientId
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def known_client(vault: Vault, client_id: ClientId) -> Client:
    """Return a client of any status.

    Raises:
        NotFoundError: There is none.
    """
    with vault.read() as tx:
        client = tx.clients.get(client_id)
    if client is None:
        raise NotFoundError("no such client")
    return client


def step_client(
    vault: Vault,
    client: Client,
    *,
    before: frozenset[ClientStatus],
    after: ClientStatus,
    kind: Kind,
    urgency: Urgency = Urgency.NORMAL,
) -> Receipt:
    """Move a client, as it was read, to the status ``after``.

    Raises:
        ConflictError: It is at none of ``before``, or was changed meanwhile.
        JournalUnavailableError: Not known to be changed: ask again.
    """
    if client.status not in before:
        raise ConflictError(f"the client is {client.status.value}")
    changed = replace(client, status=after)
    return change_to(vault, changed, before=client, kind=kind, urgency=urgency)


def change_to(
    vault: Vault,
    changed: Client,
    *,
    before: Client,
    kind: Kind,
    urgency: Urgency = Urgency.NORMAL,
) -> Receipt:
    """Write what a client is from now on.

    Args:
        vault: The vault.
        changed: As it will be, whatever its version says.
        before: As it was read.
        kind: What the entry calls it.
        urgency: What takes rights away goes first.

    Raises:
        ConflictError: It was changed meanwhile.
        JournalUnavailableError: Not known to be changed: ask again.
    """
    following = replace(changed, version=before.version + 1)

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.clients.replace(following, expected=before.version)

    return operate(
        vault,
        kind=kind,
        change=StateChange(
            object=Guarded.CLIENT.value,
            id=before.client_id,
            came_from=before.status.value,
            became=following.status.value,
            version=following.version,
        ),
        effect=effect,
        by=By(department=before.department_id, client=before.client_id),
        urgency=urgency,
    )
