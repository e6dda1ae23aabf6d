"""The operator enters a department's system, once its registration fits its profile."""

from vault.clients import Client
from vault.clients.profiles import check_registration
from vault.errors import InvalidInputError, NotFoundError
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def register_client(vault: Vault, client: Client, *, demo: bool) -> Receipt:
    """Enter ``client``, which must be a first version.

    Args:
        vault: The vault.
        client: As it will be.
        demo: Redirects to loopback are taken.

    Raises:
        InvalidInputError: The profile does not allow it; ``field`` says which part.
        NotFoundError: Its department is not there.
        ConflictError: Its id is there already.
        JournalUnavailableError: Nothing changed.
    """
    if client.version != 1:
        raise InvalidInputError("a new client starts at version 1", field="version")
    check_registration(client, demo=demo)

    def effect(tx: Tx, _at_ms: int) -> None:
        if tx.departments.get(client.department_id) is None:
            raise NotFoundError("no such department")
        tx.clients.add(client)

    return operate(
        vault,
        kind=Kind.CLIENT_REGISTER,
        change=StateChange(
            object=Guarded.CLIENT.value,
            id=client.client_id,
            became=client.status.value,
            version=client.version,
        ),
        effect=effect,
        by=By(department=client.department_id, client=client.client_id),
    )
