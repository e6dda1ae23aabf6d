"""``client_credentials``: registry scopes, for what a department does as itself."""

from typing import Any

from api.oauth.errors import FaultError, Say
from api.oauth.issue import Issue, IssuingGrant
from api.oauth.kernel import ClientCredentialsGrant
from policies.errors import PolicyError
from policies.scopes import REGISTRY_SCOPES, format_scopes, parse_scopes
from vault.ids import ID_BYTES


class RegistryGrant(IssuingGrant, ClientCredentialsGrant):
    """Issues what the client is registered for, asked for by name; never consent."""

    def validate_token_request(self) -> None:
        """Check grant type and scopes; evidence needs the holder.

        Raises:
            FaultError: A scope is missing, unknown or not registered.
        """
        super().validate_token_request()
        if "authorization_details" in self.request.form:
            raise FaultError(Say.DETAILS_POLICY, reason="evidence without a holder")
        try:
            evidence, others = parse_scopes(self.request.form.get("scope", ""))
        except PolicyError as error:
            raise FaultError(Say.SCOPE, reason=str(error)) from error
        if evidence or not others <= self.server.client.scopes & REGISTRY_SCOPES:
            raise FaultError(Say.SCOPE, reason="a scope is not registered")
        self.scope = format_scopes((), others=others)

    def wanted(self) -> Issue:
        """Issue the scopes that were asked for."""
        return Issue(scope=self.scope, family_id=self.server.provider.vault.random(ID_BYTES))

    def extra(self) -> dict[str, Any]:
        """Add nothing."""
        return {}
