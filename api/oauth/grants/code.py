"""``authorization_code`` with S256 and a bound key (traps D1, D3, D4, D19, D20).

A code is claimed by the statement that reads it: unspent, unexpired, this client's. Whatever
is wrong afterwards has spent it. A code that is shown again kills what came of it.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from api.oauth.granted import scope_of
from api.oauth.grants.consented import ConsentedGrant
from api.oauth.kernel import AuthorizationCodeGrant, CodeChallenge, OAuth2Request
from api.oauth.models import KernelClient, KernelCode
from api.oauth.secrets import AUTHORIZATION_CODE
from vault.base64url import to_base64url
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import Authentication, AuthorizationCode
from vault.consents import Consent
from vault.consents.details import Details
from vault.crypto.tokens import well_formed
from vault.ids import ID_BYTES, GrantId, Space

LIFETIME_SECONDS: Final = 60

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class S256(CodeChallenge):
    """PKCE (RFC 7636): S256 alone, always, for confidential clients too."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, _redirect_uri: str) -> None:
        """Require a challenge of 43 characters, and the method by name."""
        form = grant.request.form
        challenge = form.get("code_challenge", "")
        if form.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise FaultError(Say.CHALLENGE)

    def validate_code_verifier(self, grant: AuthorizationCodeGrant, _result: object) -> None:
        """Compare; a missing verifier is an invalid grant like a wrong one."""
        verifier = grant.request.form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier):
            raise FaultError(Say.GRANT, reason="no verifier")
        digest = sha256(verifier.encode()).digest()
        if to_base64url(digest) != grant.request.authorization_code.code_challenge:
            raise FaultError(Say.GRANT, reason="the verifier is wrong")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a holder's decision makes a code of.

    Attributes:
        offline: A refresh token goes with the first access token.
        identity: Scopes that ask who signed in.
    """

    space: Space
    grant_id: GrantId
    cnf: Confirmation
    auth: Authentication
    details: Details
    offline: bool = False
    identity: frozenset[str] = frozenset()


class CodeGrant(ConsentedGrant, AuthorizationCodeGrant):
    """The code flow, on both of its ends.

    Attributes:
        made: The code and its row, once a decision was made; nothing is written here.
    """

    made: tuple[str, AuthorizationCode] | None = None

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: KernelClient) -> str:
        """Require a registered redirect; the kernel would quote a foreign one."""
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise FaultError(Say.REDIRECT)
        return redirect_uri

    def generate_authorization_code(self) -> str:
        """Mint a code of our own form."""
        return self.server.provider.secrets.mint(AUTHORIZATION_CODE)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Build the row; the journal operation of the decision writes it."""
        decided: Decided = request.user
        server = self.server
        self.made = (
            code,
            AuthorizationCode(
                code_hash=server.provider.secrets.hash(code),
                space=decided.space,
                grant_id=decided.grant_id,
                family_id=server.provider.vault.random(ID_BYTES),
                client_id=server.client.client_id,
                redirect_uri=request.form["redirect_uri"],
                code_challenge=request.form["code_challenge"],
                cnf=decided.cnf,
                auth=decided.auth,
                nonce=request.form.get("nonce", ""),
                scope=scope_of(
                    decided.details, offline=decided.offline, identity=decided.identity
                ),
                expires_at=server.now + LIFETIME_SECONDS,
            ),
        )

    def query_authorization_code(self, code: str, client: KernelClient) -> KernelCode | None:
        """Claim the code, and require the key that it is bound to."""
        tx, now = self.server.tx.protocol, self.server.now
        if not well_formed(code, prefix=AUTHORIZATION_CODE):
            return None
        for code_hash in self.server.provider.secrets.hashes(code):
            row = tx.code(code_hash)
            if row is None or row.client_id != client.client.client_id:
                continue
            if not tx.spend_code(code_hash, client_id=row.client_id, now=now):
                spent = tx.code(code_hash)
                if spent is not None and spent.used_at is not None:
                    tx.revoke_family(row.family_id, now=now)
                    self.server.misused = row
                return None
            if row.cnf not in self.server.held:
                raise FaultError(Say.GRANT, reason="the code is bound to another key")
            return KernelCode(row)
        return None

    def delete_authorization_code(self, _code: KernelCode) -> None:
        """Keep the row: it was claimed, and must be known if it is shown again."""

    def authenticate_user(self, code: KernelCode) -> Consent | None:
        """Return the consent that the code stands for, if it still is one."""
        consent = self.live_consent(code.row)
        if consent is None:
            return None
        self.stand_on(code.row, consent=consent, most=consent.details)
        return consent

    def extra(self) -> dict[str, Any]:
        """Answer the object as it was granted, and the refresh token that goes with it."""
        return super().extra() | self.first_refresh()
