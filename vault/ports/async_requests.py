"""Rows of requests that are decided elsewhere than where they began; a part of ``ProtocolRows``.

Times are whole UTC seconds. Whatever is spent is claimed by one statement that says whether it
did, as everywhere among these rows.
"""

from typing import Protocol

from vault.clients.async_requests import Approval, AsyncRequest, ShownCode
from vault.ids import ClientId, Space


class AsyncRows(Protocol):
    """Requests of kiosks and counters, and the codes on holders' screens."""

    def add_async(self, request: AsyncRequest) -> None:
        """Keep a request; ``ConflictError`` where a code of it is taken."""

    def async_request(self, request_id: bytes) -> AsyncRequest | None:
        """Return a request of any state, expired ones too, or ``None``."""

    def async_of_code(self, code_hash: bytes) -> AsyncRequest | None:
        """Return the request of a ``device_code`` or ``auth_req_id``, or ``None``."""

    def async_of_user_code(self, user_code_hash: bytes) -> AsyncRequest | None:
        """Return the request whose code a visitor has typed, or ``None``."""

    def async_waiting(self, space: Space, *, now: int) -> tuple[AsyncRequest, ...]:
        """Return what counters wait for a holder to decide, the oldest first."""

    def bind_async(self, request_id: bytes, *, signin_hash: bytes) -> bool:
        """Bind a pending request to a sign-in; say whether it was bound to none before."""

    def poll_async(self, request_id: bytes, *, now: int) -> bool:
        """Count a poll of a pending request in one statement; say whether it came in time.

        Where it did not, the interval grows by five seconds for good (RFC 8628 s. 3.5).
        """

    def approve_async(self, approval: Approval, *, now: int) -> bool:
        """Approve a request; say whether it was pending and not expired."""

    def deny_async(self, request_id: bytes, *, now: int) -> bool:
        """Deny a request; say whether it was pending and not expired."""

    def end_unmet(self, request_id: bytes, *, acr: str, now: int) -> bool:
        """Deny a request for want of a sign-in of level ``acr``; say whether it was pending."""

    def redeem_async(self, request_id: bytes, *, client_id: ClientId, now: int) -> bool:
        """Claim an approved request in one statement: unspent, unexpired and this client's."""

    def add_shown_code(self, code: ShownCode) -> None:
        """Keep a code that a holder's screen shows; ``ConflictError`` where it is taken."""

    def claim_shown_code(self, code_hash: bytes, *, now: int) -> Space | None:
        """Claim a shown code in one statement; return whose it was, if it was good."""
