"""A department changes its own registration (RFC 7592 s. 2.2): it may narrow, never widen.

A person has approved profile, rights and addresses. So no change raises the profile or adds a
right; once the client is active, no address may be of an origin that was not approved, and it
proves itself as it did. More takes a new statement, a new registration and a new approval.
"""

from typing import Final
from urllib.parse import urlsplit

from vault.clients import Client, ClientStatus
from vault.clients.profiles import addresses, check_registration
from vault.clients.statements import refuse_wider, rights_of
from vault.errors import ConflictError, InvalidInputError
from vault.journal.entries import Kind
from vault.journal.operations import Urgency
from vault.journal.receipts import Receipt
from vault.services import Vault
from vault.services.client_steps import change_to

CHANGEABLE: Final = frozenset({ClientStatus.PENDING, ClientStatus.ACTIVE})


def change_client(vault: Vault, changed: Client, *, before: Client, demo: bool) -> Receipt:
    """Write what a client says of itself from now on.

    Args:
        vault: The vault.
        changed: As it will be; id, department, names, profile and status are those it has.
        before: As it was read.
        demo: Redirects to loopback are taken.

    Raises:
        InvalidInputError: It asks for more, or its profile does not allow it; ``field`` says
            which part.
        ConflictError: It is suspended or closed, or was changed meanwhile.
        JournalUnavailableError: Not known to be changed: ask again.
    """
    if before.status not in CHANGEABLE:
        raise ConflictError(f"the client is {before.status.value}")
    if changed.profile is not before.profile:
        raise InvalidInputError("the profile is fixed", field="profile")
    refuse_wider(rights_of(changed), than=rights_of(before))
    if not changed.grant_types <= before.grant_types:
        raise InvalidInputError("this asks for more than was approved", field="grant_types")
    check_registration(changed, demo=demo)
    if before.status is ClientStatus.ACTIVE:
        _refuse_unapproved(changed, before=before)
    keys = changed.jwks != before.jwks
    return change_to(
        vault,
        changed,
        before=before,
        kind=Kind.CLIENT_KEYS if keys else Kind.CLIENT_CHANGE,
        urgency=Urgency.TAKES_AWAY,
    )


def _refuse_unapproved(changed: Client, *, before: Client) -> None:
    now, then = changed.metadata, before.metadata
    if (now.auth_method, now.tls_subject) != (then.auth_method, then.tls_subject):
        raise InvalidInputError(
            "how the client proves itself was approved", field="token_endpoint_auth_method"
        )
    approved = {_origin(uri) for _, uri in addresses(before)}
    for name, uri in addresses(changed):
        if _origin(uri) not in approved:
            raise InvalidInputError("an address is of an origin that was approved", field=name)


def _origin(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc
