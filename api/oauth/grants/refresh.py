"""``refresh_token``: static, bound, and worth what its consent still is (trap D19).

The value never changes (FAPI 2.0 s. 5.3.2.1): a rotated one is lost with one lost answer. Each
use claims the row in the unit of work that issues, so a revocation comes before or after it.
"""

from typing import Any

from api.oauth.errors import FaultError, Say
from api.oauth.grants.consented import IDLE_SECONDS, ConsentedGrant
from api.oauth.kernel import RefreshTokenGrant
from api.oauth.models import KernelClient, KernelRefresh
from api.oauth.secrets import REFRESH_TOKEN
from vault.consents import Consent
from vault.consents.details import details_of
from vault.crypto.tokens import well_formed


class RefreshGrant(ConsentedGrant, RefreshTokenGrant):
    """Issues a further access token of a family."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def validate_token_request(self) -> None:
        """Find and claim what is shown; the kernel would compare scopes as words."""
        request = self.request
        request.client = self.authenticate_token_endpoint_client()
        if "refresh_token" not in request.form:
            raise FaultError(Say.REQUEST, reason="no refresh_token")
        shown = self.authenticate_refresh_token(request.form["refresh_token"])
        self._claim(shown, text=request.form["refresh_token"])
        request.refresh_token = shown

    def authenticate_refresh_token(self, text: str) -> KernelRefresh:
        """Return the token that this client holds, with what it is bound to.

        Raises:
            FaultError: ``invalid_grant``. A foreign try changes nothing: it must not end what
                is another's.
        """
        server, client = self.server, KernelClient(self.server.client)
        if well_formed(text, prefix=REFRESH_TOKEN):
            for token_hash in server.provider.secrets.hashes(text):
                row = server.tx.protocol.refresh_token(token_hash)
                if row is None:
                    continue
                server.misused = row
                if not KernelRefresh(row).check_client(client):
                    raise FaultError(Say.GRANT, reason="the refresh token of another client")
                if row.cnf not in server.held:
                    raise FaultError(Say.GRANT, reason="the refresh token of another key")
                server.misused = None
                return KernelRefresh(row)
        raise FaultError(Say.GRANT, reason="no such refresh token")

    def authenticate_user(self, shown: KernelRefresh) -> Consent:
        """Return the consent as it is now, and take what both it and the token cover.

        Raises:
            FaultError: ``invalid_grant``: nothing of it is left.
        """
        row = shown.row
        consent = self.live_consent(row)
        most = details_of(row.details).overlap(consent.details) if consent else None
        if consent is None or most is None:
            raise FaultError(Say.GRANT, reason="the consent has ended")
        self.stand_on(row, consent=consent, most=most)
        return consent

    def revoke_old_credential(self, _shown: KernelRefresh) -> None:
        """Keep it: there is no successor."""

    def extra(self) -> dict[str, Any]:
        """Answer the same refresh token again."""
        return super().extra() | {"refresh_token": self.request.form["refresh_token"]}

    def _claim(self, shown: KernelRefresh, *, text: str) -> None:
        row, now = shown.row, self.server.now
        claimed = self.server.tx.protocol.claim_refresh_token(
            row.family_id,
            token_hash=self.server.provider.secrets.hash(text),
            idle_expires_at=min(now + IDLE_SECONDS, row.expires_at),
            now=now,
        )
        if not claimed:
            raise FaultError(Say.GRANT, reason="the refresh token has ended")
