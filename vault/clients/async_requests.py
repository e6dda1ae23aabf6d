"""Requests that are decided elsewhere than where they began: a kiosk's, and a counter's.

A kiosk shows a code that its visitor types into the own telephone (RFC 8628); a counter asks
about somebody, whose telephone then asks back (OpenID Connect CIBA Core 1.0). Either way the
client holds one secret, and polls with it until the holder has decided.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from vault.clients.confirmation import Confirmation
from vault.clients.protocol import Authentication
from vault.ids import ClientId, GrantId, Space


class AsyncKind(StrEnum):
    """How it began."""

    DEVICE = "device"
    CIBA = "ciba"


class AsyncState(StrEnum):
    """Where it stands; whether it has expired, time alone says."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What the holder's decision makes of a request: it stands where a code would.

    Attributes:
        request_id: Of the request.
        scope: What was granted.
        auth: Of the sign-in that decided.
    """

    request_id: bytes
    grant_id: GrantId
    scope: str
    auth: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncRequest:
    """One request, from its start to its only redemption.

    Attributes:
        request_id: 16 random bytes; stands in the page's path, and names the family of tokens.
        code_hash: Keyed hash of the ``device_code`` or ``auth_req_id``.
        user_code_hash: Keyed hash of what a visitor types; ``None`` at a counter.
        space: Who may decide; ``None`` where a hint led to nobody: then nobody may.
        params: The accepted parameters as sealed JSON (context ``protocol``).
        cnf: What it is bound to, which every poll must prove.
        interval: Seconds between two polls; grows for good where they come faster.
        polled_at: When the last poll came.
        signin_hash: Sign-in that has opened it.
        approval: Once it was approved.
        unmet: Level of sign-in that was demanded, where it ended for want of one; else empty.
        notify: Token for the ping (CIBA Core 7.1), sealed; ``None`` where the client polls.
    """

    request_id: bytes
    kind: AsyncKind
    code_hash: bytes = field(repr=False)
    user_code_hash: bytes | None = field(default=None, repr=False)
    client_id: ClientId
    space: Space | None
    params: bytes = field(repr=False)
    cnf: Confirmation
    state: AsyncState = AsyncState.PENDING
    interval: int
    polled_at: int | None = None
    signin_hash: bytes | None = field(default=None, repr=False)
    approval: Approval | None = None
    unmet: str = ""
    notify: bytes | None = field(default=None, repr=False)
    created_at: int
    expires_at: int

    @property
    def redeemed(self) -> "Redeemed | None":
        """What tokens stand on; ``None`` where nobody has approved it."""
        if self.space is None or self.approval is None:
            return None
        return Redeemed(
            space=self.space,
            grant_id=self.approval.grant_id,
            family_id=self.request_id,
            client_id=self.client_id,
            scope=self.approval.scope,
            cnf=self.cnf,
            auth=self.approval.auth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What a redeemed request is to the tokens that come of it."""

    space: Space
    grant_id: GrantId
    family_id: bytes
    client_id: ClientId
    scope: str
    cnf: Confirmation
    auth: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCode:
    """A code on a holder's screen, by which one counter may ask once.

    Attributes:
        code_hash: Keyed hash of the eight letters.
    """

    code_hash: bytes = field(repr=False)
    space: Space
    expires_at: int
    used_at: int | None = None
