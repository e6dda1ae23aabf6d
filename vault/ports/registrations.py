"""How clients registered themselves: written beside the client that came of it.

Initial tokens are short-lived protocol rows, so that handing one out is a plain unit of work;
spending one belongs to the journal operation that enters the client.
"""

from typing import Protocol

from vault.clients.registrations import InitialToken, Registration
from vault.ids import ClientId


class Registrations(Protocol):
    """Initial tokens, and registrations by their client."""

    def add_token(self, token: InitialToken) -> None:
        """Keep an initial access token."""

    def token(self, token_hash: bytes) -> InitialToken | None:
        """Return an initial token, expired and spent ones too, or ``None``."""

    def spend_token(self, token_hash: bytes, *, now: int) -> bool:
        """Claim an initial token in one statement; say whether it was unspent and unexpired."""

    def add(self, registration: Registration) -> None:
        """Keep a registration; ``ConflictError`` where its client or statement has one."""

    def of_client(self, client_id: ClientId) -> Registration | None:
        """Return the registration of a client, or ``None`` where the operator entered it."""
