"""``GET`` and ``DELETE /oauth/grants/{grant_id}``: Grant Management, after a draft of OAuth.

A client sees and gives back what was granted to it; another's grant is one that is not there.
The proof is spent first, whatever the answer is.
"""

from typing import Final

from api.deps import Presented, TokenResolver
from api.middleware import correlation_id
from api.oauth.answer import Answer
from api.oauth.errors import FaultError, Say
from api.oauth.granted import granted_object, scope_of
from api.oauth.provider import Provider
from api.oauth.renewing import ACTIONS as RENEWING
from api.oauth.renewing import grant_id_of
from policies.scopes import GRANT_QUERY, GRANT_REVOKE
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.errors import ConflictError, NotFoundError
from vault.ids import GrantId
from vault.services.acting import Caller, network_prefix
from vault.services.return_consent import ReturnConsent, granted_to, return_consent

PATH: Final = "/oauth/grants"
ACTIONS: Final = ("query", "revoke", *RENEWING)
EXPIRED: Final = "expired"


def query_grant(
    provider: Provider, resolve: TokenResolver, shown: Presented, *, grant_id: str
) -> Answer:
    """Return what was granted, as it is now, with its state."""
    caller = _caller(resolve, shown, scope=GRANT_QUERY)
    with provider.vault.read() as tx:
        try:
            consent = granted_to(tx, caller, grant_id=grant_id_of(grant_id, say=Say.NO_GRANT))
        except NotFoundError as error:
            raise FaultError(Say.NO_GRANT) from error
        found = granted_object(
            consent,
            details=consent.details,
            tx=tx,
            secrets=provider.secrets,
            origin=provider.origin,
        )
    body = {
        "grant_id": consent.grant_id.hex(),
        "status": _status(consent, now=provider.now()),
        "scopes": [{"scope": scope_of(consent.details)}],
        "authorization_details": found,
    }
    return Answer(status=200, body=body)


def give_back(
    provider: Provider, resolve: TokenResolver, shown: Presented, *, grant_id: str
) -> Answer:
    """Give a grant back through the journal; one that has ended stays ended."""
    caller = _caller(resolve, shown, scope=GRANT_REVOKE)
    asked = ReturnConsent(caller=caller, grant_id=grant_id_of(grant_id, say=Say.NO_GRANT))
    try:
        return_consent(provider.vault, asked)
    except NotFoundError as error:
        raise FaultError(Say.NO_GRANT) from error
    except ConflictError:
        return _ended(provider, caller, grant_id=asked.grant_id)
    return Answer(status=204)


def _ended(provider: Provider, caller: Caller, *, grant_id: GrantId) -> Answer:
    """Say that it has ended if it has; else somebody changed it meanwhile: ask again."""
    with provider.vault.read() as tx:
        consent = granted_to(tx, caller, grant_id=grant_id)
    if consent.status is not ConsentStatus.REVOKED:
        raise FaultError(Say.BUSY, reason="the grant was changed meanwhile")
    return Answer(status=204)


def _caller(resolve: TokenResolver, shown: Presented, *, scope: str) -> Caller:
    bearer = resolve.once(shown, scope=scope)
    return Caller(
        live=bearer.live,
        claim=None,
        proof_hash=bearer.proof_hash,
        network=network_prefix(bearer.network),
        correlation=correlation_id(),
    )


def _status(consent: Consent, *, now: int) -> str:
    open_ = consent.status is not ConsentStatus.REVOKED
    return EXPIRED if open_ and consent.expires_at_ms <= now * MS else consent.status.value
