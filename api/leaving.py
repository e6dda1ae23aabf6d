"""What two front doors pass on about signing out: who asks for it, and where it leads afterwards.

The authorization server has checked a request of a department and hands the browser over to
the portal, where a person decides. The ticket is sealed: what stands in it was checked by us.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from vault.base64url import from_base64url, to_base64url
from vault.clock import MS
from vault.errors import IntegrityError
from vault.ids import ID_BYTES, ClientId
from vault.journal.plain import canonical_json
from vault.services import Vault

PAGE: Final = "/space/leave"
TICKET: Final = "ticket"
LIFETIME_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A request to sign out, checked.

    Attributes:
        client_id: Who asks: it has shown an ID token of ours.
        onward: Registered address, with the state as it came; empty for a page of ours.
    """

    client_id: ClientId
    onward: str = field(default="", repr=False)


def sealed(vault: Vault, leaving: Leaving) -> str:
    """Return a ticket for ``leaving``, good for ten minutes."""
    ticket_id = vault.random(ID_BYTES)
    plain = canonical_json(
        {
            "client": leaving.client_id,
            "onward": leaving.onward,
            "until": vault.clock.now_ms() // MS + LIFETIME_SECONDS,
        }
    )
    kept = ticket_id + vault.secrets.seal(plain, request_id=ticket_id)
    return to_base64url(kept)


def opened(vault: Vault, ticket: str) -> Leaving | None:
    """Return what ``sealed`` wrote, or ``None``: not ours, altered, or too old."""
    try:
        kept = from_base64url(ticket)
        ticket_id = kept[:ID_BYTES]
        found = json.loads(vault.secrets.open(kept[ID_BYTES:], request_id=ticket_id))
    except (ValueError, IntegrityError):
        return None
    if found["until"] <= vault.clock.now_ms() // MS:
        return None
    return Leaving(client_id=ClientId(found["client"]), onward=found["onward"])
