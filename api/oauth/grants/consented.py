"""What the grants share whose tokens stand on a consent: it is read anew, and only narrowed."""

from abc import ABC
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from api.oauth.granted import granted_object, identity, narrowed, offline, scope_of
from api.oauth.id_token import id_token
from api.oauth.issue import Issue, IssuingGrant, Origin
from api.oauth.rar import read_narrower
from api.oauth.secrets import REFRESH_TOKEN as REFRESH_PREFIX
from policies.scopes import OPENID
from vault.cases import OPEN_STATES
from vault.clients.profiles import REFRESH_TOKEN, Asked, Step, check, ends_with_case
from vault.clients.protocol import AuthorizationCode, RefreshToken
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.consents.details import Details

IDLE_SECONDS: Final = 30 * 86_400
"""How long a refresh token lives without being used (oauth.md 5)."""


class ConsentedGrant(IssuingGrant, ABC):
    """Issues what a consent covers now, or the part of it that is asked for.

    Attributes:
        origin: What was shown.
        consent: As it is now.
        details: What the token is for.
        identity: Scopes that ask who signed in.
    """

    origin: Origin
    consent: Consent
    details: Details
    identity: frozenset[str] = frozenset()

    def live_consent(self, row: Origin) -> Consent | None:
        """Return the consent that ``row`` stands on, unless it has ended."""
        consent = self.server.tx.consents.get(row.space, grant_id=row.grant_id)
        if consent is None or consent.status is not ConsentStatus.ACTIVE:
            return None
        if ends_with_case(self.server.client) and not self._case_open(consent):
            return None
        return consent

    def stand_on(self, row: Origin, *, consent: Consent, most: Details) -> None:
        """Narrow ``most``, which the consent covers, to what this request asks for.

        Raises:
            FaultError: It asks for more, or for something else.
        """
        self.origin, self.consent = row, consent
        text, scope = map(self.request.form.get, ("authorization_details", "scope"))
        details = most if text is None else self._part(text, consent=consent, most=most)
        if scope is not None:
            details = narrowed(scope, granted=row.scope, details=details)
        self.details = details
        self.identity = identity(row.scope) & identity(row.scope if scope is None else scope)

    @property
    def ends_at(self) -> int:
        """When the consent ends, UTC seconds."""
        return min(self.consent.details.ends_at, self.consent.expires_at_ms // MS)

    def wanted(self) -> Issue:
        """Issue what is granted, or the part that was asked for."""
        return Issue(
            scope=scope_of(self.details, identity=self.identity),
            family_id=self.origin.family_id,
            origin=self.origin,
            details=self.details,
            ends_at=min(self.details.ends_at, self.ends_at),
        )

    def extra(self) -> dict[str, Any]:
        """Answer the object as it was granted (RFC 9396 s. 7), and the grant's id."""
        return {
            "scope": scope_of(
                self.details, offline=offline(self.origin.scope), identity=self.identity
            ),
            "authorization_details": granted_object(
                self.consent,
                details=self.details,
                tx=self.server.tx,
                secrets=self.server.provider.secrets,
                origin=self.server.provider.origin,
            ),
            "grant_id": self.origin.grant_id.hex(),
            **self._id_token(),
        }

    def first_refresh(self) -> dict[str, Any]:
        """Mint a refresh token where the holder was asked for it and the profile has it."""
        row, server, ends_at = self.origin, self.server, self.ends_at
        asked = Asked(grant_type=REFRESH_TOKEN, bound=bool(server.held))
        refused = check(server.client, step=Step.TOKEN, request=asked)
        if refused is not None or not offline(row.scope):
            return {}
        token = server.provider.secrets.mint(REFRESH_PREFIX)
        server.refresh_row = RefreshToken(
            token_hash=server.provider.secrets.hash(token),
            space=row.space,
            grant_id=row.grant_id,
            family_id=row.family_id,
            client_id=row.client_id,
            scope=row.scope,
            details=self.consent.details.to_json(),
            cnf=row.cnf,
            auth=row.auth,
            issued_at=server.now,
            idle_expires_at=min(server.now + IDLE_SECONDS, ends_at),
            expires_at=ends_at,
        )
        return {"refresh_token": token}

    def _case_open(self, consent: Consent) -> bool:
        case = self.server.tx.cases.get(consent.space, case_no=consent.case_no)
        return case is not None and case.state in OPEN_STATES

    def _id_token(self) -> dict[str, str]:
        """Say who signed in, where that was asked for.

        A sign-in that has ended since is not told of again; the first time, nothing is issued.

        Raises:
            FaultError: ``invalid_grant``: the code comes of a sign-in that has ended.
        """
        if OPENID not in self.identity:
            return {}
        row = self.origin
        first = not isinstance(row, RefreshToken)
        nonce = row.nonce if isinstance(row, AuthorizationCode) else ""
        told = id_token(self.server, row.auth, access_token=self.minted, nonce=nonce)
        if told is None and first:
            raise FaultError(Say.GRANT, reason="the sign-in has ended")
        return {} if told is None else {"id_token": told}

    def _part(self, text: str, *, consent: Consent, most: Details) -> Details:
        return read_narrower(
            text,
            granted=most,
            purpose=consent.purpose,
            item=consent.item,
            case_no=consent.case_no,
            origin=self.server.provider.origin,
        )
