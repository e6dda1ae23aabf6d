"""Refused requests in memory."""

from collections.abc import Sequence

from tests.support.memory.rows import Rows
from vault.clients.refusals import MOST_OF_A_CLIENT, RefusedRequest
from vault.ids import ClientId


class MemoryRefusals:
    """Implements ``vault.ports.Refusals``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def keep(self, refused: Sequence[RefusedRequest]) -> None:
        for one in refused:
            self._rows.refusals.add(one.correlation, one)
        for client_id, proven in {(one.client_id, one.proven) for one in refused}:
            alike = [one for one in self._newest(client_id) if one.proven is proven]
            for one in alike[MOST_OF_A_CLIENT:]:
                del self._rows.refusals[one.correlation]

    def get(self, correlation: str) -> RefusedRequest | None:
        return self._rows.refusals.get(correlation)

    def of_client(self, client_id: ClientId, *, limit: int) -> tuple[RefusedRequest, ...]:
        return tuple(self._newest(client_id)[:limit])

    def _newest(self, client_id: ClientId) -> list[RefusedRequest]:
        found = [one for one in self._rows.refusals.values() if one.client_id == client_id]
        return sorted(found, key=lambda one: (one.at, one.correlation), reverse=True)
