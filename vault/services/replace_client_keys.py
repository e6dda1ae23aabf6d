"""A department's system gets other keys: the whole set, by value, in force at once.

Old and new keys stand side by side for as long as the set names both; one that it does not
name any more proves nothing from the moment the receipt is returned. Nobody waits for a cache:
nothing is fetched.
"""

from dataclasses import replace

from vault.clients import ClientStatus
from vault.clients.keys import read_jwks
from vault.errors import ConflictError
from vault.ids import ClientId
from vault.journal.entries import Kind
from vault.journal.operations import Urgency
from vault.journal.receipts import Receipt
from vault.services import Vault
from vault.services.client_steps import change_to, known_client


def replace_client_keys(vault: Vault, client_id: ClientId, *, jwks: str) -> Receipt:
    """Replace the keys of a client that is not closed.

    Args:
        vault: The vault.
        client_id: Whose keys.
        jwks: JWK set (RFC 7517), canonical JSON.

    Raises:
        InvalidInputError: A key may not be taken.
        NotFoundError: There is no such client.
        ConflictError: It is closed, or was changed meanwhile.
        JournalUnavailableError: Not known to be changed: ask again.
    """
    read_jwks(jwks)
    client = known_client(vault, client_id)
    if client.status is ClientStatus.CLOSED:
        raise ConflictError(f"the client is {client.status.value}")
    return change_to(
        vault,
        replace(client, jwks=jwks),
        before=client,
        kind=Kind.CLIENT_KEYS,
        urgency=Urgency.TAKES_AWAY,
    )
