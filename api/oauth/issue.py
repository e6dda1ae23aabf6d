"""Issues access tokens: opaque, bound, and no longer alive than what they stand on.

The kernel's generators never see the request, so this mixin stands in for them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from api.oauth.kernel import BaseGrant
from api.oauth.secrets import ACCESS_TOKEN
from api.oauth.server import AUTH_METHODS, Server
from vault.clients.async_requests import Redeemed
from vault.clients.protocol import AccessToken, AuthorizationCode, RefreshToken
from vault.consents.details import Details

LIFETIME_SECONDS: Final = 300
SINGLE_USE_SECONDS: Final = 60

Origin = AuthorizationCode | RefreshToken | Redeemed
"""What was shown for a token that stands on a consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a token will stand for.

    Attributes:
        origin: What it comes of; ``None`` for client credentials.
        details: What it may use; ``None`` for registry scopes.
        ends_at: It never lives longer than this, UTC seconds.
        family_id: Shared by all tokens of one code, 16 bytes.
    """

    scope: str
    family_id: bytes
    origin: Origin | None = None
    details: Details | None = field(default=None, repr=False)
    ends_at: int | None = None


class IssuingGrant(BaseGrant, ABC):
    """Base of our grants: clients are proven, tokens are bound.

    Attributes:
        minted: The access token, once there is one: ``extra`` may say something of it.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: Server
    minted: str = ""

    @abstractmethod
    def wanted(self) -> Issue:
        """Say what to issue, once the request was validated."""

    def extra(self) -> dict[str, Any]:
        """Return further members of the answer."""
        return {}

    def generate_token(
        self,
        user: object = None,
        scope: str | None = None,
        grant_type: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,  # noqa: FBT001, FBT002 - the kernel's signature
    ) -> dict[str, Any]:
        """Mint a token and keep its row for ``save_token``; what the kernel says is ignored."""
        del user, scope, grant_type, expires_in, include_refresh_token
        server, wanted = self.server, self.wanted()
        cnf = server.binding
        if cnf is None:
            raise FaultError(Say.NO_PROOF)
        single = wanted.details is not None and wanted.details.uses == 1
        expires_at = server.now + (SINGLE_USE_SECONDS if single else LIFETIME_SECONDS)
        if wanted.ends_at is not None:
            expires_at = min(expires_at, wanted.ends_at)
        if expires_at <= server.now:
            raise FaultError(Say.GRANT, reason="the grant has ended")
        token = self.minted = server.provider.secrets.mint(ACCESS_TOKEN)
        origin = wanted.origin
        server.row = AccessToken(
            token_hash=server.provider.secrets.hash(token),
            space=origin.space if origin else None,
            grant_id=origin.grant_id if origin else None,
            family_id=wanted.family_id,
            client_id=server.client.client_id,
            scope=wanted.scope,
            details=wanted.details.to_json() if wanted.details else None,
            cnf=cnf,
            auth=origin.auth if origin else None,
            issued_at=server.now,
            expires_at=expires_at,
        )
        return {
            "access_token": token,
            "token_type": cnf.token_type,
            "expires_in": expires_at - server.now,
            "scope": wanted.scope,
            **self.extra(),
        }
