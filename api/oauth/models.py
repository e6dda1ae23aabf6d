"""Our values as the kernel wants to see them: thin, read-only, and strict where it is lenient."""

from collections.abc import Mapping
from typing import Final

from api.oauth.client_auth import METHOD
from api.oauth.kernel import (
    AuthorizationCodeMixin,
    BasicOAuth2Payload,
    ClientMixin,
    OAuth2Request,
    TokenMixin,
)
from policies.scopes import is_token
from vault.clients import Client
from vault.clients.protocol import AccessToken, AuthorizationCode, RefreshToken
from vault.ports import LiveToken

MAX_SCOPE_CHARACTERS: Final = 4096


class KernelRequest(OAuth2Request):
    """A request rebuilt from frozen parameters; its address is built from the issuer."""

    def __init__(self, *, uri: str, params: Mapping[str, str]) -> None:
        """Show the kernel ``params`` as both form and payload, and no headers at all."""
        super().__init__("POST", uri, headers={})
        self._params = dict(params)
        self.payload = BasicOAuth2Payload(self._params)

    @property
    def args(self) -> Mapping[str, str]:
        """No parameter is ever taken from the query."""
        return {}

    @property
    def form(self) -> Mapping[str, str]:
        """Each parameter once, none empty."""
        return self._params


class KernelClient(ClientMixin):
    """A registered client. It has no secret, no default redirect, and one response type."""

    def __init__(self, client: Client) -> None:
        """Wrap ``client``."""
        self.client = client

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        """Have none: a request names its redirect."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scope as asked, or ``None``, which refuses it; nothing is filtered."""
        if not scope:
            return ""
        if len(scope) > MAX_SCOPE_CHARACTERS or not all(map(is_token, scope.split(" "))):
            return None
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare exact strings."""
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, _secret: str) -> bool:
        """Have none."""
        return False

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Take the one method."""
        return method == METHOD

    def check_response_type(self, response_type: str) -> bool:
        """Take ``code``."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Take what is registered."""
        return grant_type in self.client.grant_types


class KernelCode(AuthorizationCodeMixin):
    """A code that was just claimed."""

    def __init__(self, row: AuthorizationCode) -> None:
        """Wrap ``row``."""
        self.row = row
        self.code_challenge = row.code_challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """Return the redirect that the code was sent to."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """Return what was granted."""
        return self.row.scope


class KernelRefresh(TokenMixin):
    """A refresh token, whatever its state."""

    def __init__(self, row: RefreshToken) -> None:
        """Wrap ``row``."""
        self.row = row

    def check_client(self, client: KernelClient) -> bool:
        """Say whether it was issued to ``client``."""
        return self.row.client_id == client.client.client_id

    def get_scope(self) -> str:
        """Return what was granted."""
        return self.row.scope


class KernelToken(TokenMixin):
    """An access token; ``live`` is ``None`` where it may not be used."""

    def __init__(self, row: AccessToken, *, live: LiveToken | None = None) -> None:
        """Wrap ``row``."""
        self.row = row
        self.live = live

    def check_client(self, client: KernelClient) -> bool:
        """Say whether it was issued to ``client``."""
        return self.row.client_id == client.client.client_id

    def is_expired(self) -> bool:
        """Say whether it may not be used: one query has judged time, client and grant."""
        return self.live is None

    def is_revoked(self) -> bool:
        """Leave the answer to ``is_expired``."""
        return False
