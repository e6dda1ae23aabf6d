"""How clients registered themselves, in memory."""

from dataclasses import replace

from tests.support.memory.rows import Rows
from vault.clients.registrations import InitialToken, Registration
from vault.errors import ConflictError
from vault.ids import ClientId


class MemoryRegistrations:
    """Implements ``vault.ports.Registrations``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add_token(self, token: InitialToken) -> None:
        self._rows.initial_tokens.add(token.token_hash, token)

    def token(self, token_hash: bytes) -> InitialToken | None:
        return self._rows.initial_tokens.get(token_hash)

    def spend_token(self, token_hash: bytes, *, now: int) -> bool:
        found = self._rows.initial_tokens.get(token_hash)
        if found is None or found.spent_at is not None or found.expires_at <= now:
            return False
        self._rows.initial_tokens[token_hash] = replace(found, spent_at=now)
        return True

    def add(self, registration: Registration) -> None:
        if any(one.once == registration.once for one in self._rows.registrations.values()):
            raise ConflictError("the row is there already")
        self._rows.registrations.add(registration.client_id, registration)

    def of_client(self, client_id: ClientId) -> Registration | None:
        return self._rows.registrations.get(client_id)
