"""Refused requests, kept for a week for those who have to mend them."""

from collections.abc import Sequence
from typing import Protocol

from vault.clients.refusals import RefusedRequest
from vault.ids import ClientId


class Refusals(Protocol):
    """Short-lived rows; nothing is decided by them."""

    def keep(self, refused: Sequence[RefusedRequest]) -> None:
        """Write them; the oldest of a client make room, proven and unproven apart."""

    def get(self, correlation: str) -> RefusedRequest | None:
        """Return the one with this correlation id, or ``None``."""

    def of_client(self, client_id: ClientId, *, limit: int) -> tuple[RefusedRequest, ...]:
        """Return at most ``limit`` of a client, newest first."""
