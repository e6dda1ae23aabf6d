"""Token exchange for mandates (RFC 8693): an agent firm's system acts for an enterprise.

The subject token is an access token of a consent, which its client handed to the firm; the actor
is the client that authenticates. What comes of it is a part of that consent, of another key, and
no longer alive than the token that was shown. A part is never exchanged again.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.oauth.answer import Answer
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.granted import granted_object, narrowed, scope_of
from api.oauth.issue import LIFETIME_SECONDS, SINGLE_USE_SECONDS
from api.oauth.provider import Provider
from api.oauth.rar import read_narrower
from api.oauth.secrets import ACCESS_TOKEN
from api.oauth.server import Server
from vault.clients.protocol import AccessToken
from vault.clock import MS
from vault.consents import Consent
from vault.consents.details import Details, details_of
from vault.crypto.tokens import well_formed
from vault.errors import AccessDeniedError, ConflictError, NotFoundError, TokenEndedError
from vault.ids import ID_BYTES, GrantId
from vault.ports import LiveToken, Tx
from vault.services.acting import Caller, network_prefix
from vault.services.exchange_token import (
    ExchangeToken,
    exchange_token,
    mandate_for,
    mandated,
)

TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
NOT_OFFERED: Final = frozenset({"actor_token", "actor_token_type"})


def exchange(server: Server, frozen: Frozen) -> "Exchange":
    """Check a request and say what it would give; nothing is written.

    Raises:
        FaultError: ``invalid_request`` for a token or an actor that will not do (RFC 8693
            s. 2.2.2), ``invalid_target`` for another audience, ``invalid_scope`` and
            ``invalid_authorization_details`` for more than there is.
    """
    form, provider = frozen.form, server.provider
    if NOT_OFFERED & form.keys():
        raise FaultError(Say.NOT_OFFERED, reason="the actor is the client itself")
    wanted_type = form.get("requested_token_type", TOKEN_TYPE)
    if (form.get("subject_token_type"), wanted_type) != (TOKEN_TYPE, TOKEN_TYPE):
        raise FaultError(Say.SUBJECT, reason="an access token is exchanged for an access token")
    if form.get("audience", provider.origin) != provider.origin:
        raise FaultError(Say.TARGET)
    shown = _shown(server, form.get("subject_token", ""))
    caller = _caller(server, frozen, shown)
    consent, issued = shown.consent, shown.token.details
    if consent is None or issued is None or consent.parent_id is not None:
        raise FaultError(Say.SUBJECT, reason="the token is no part of a holder's consent")
    if consent.client_id == server.client.client_id:
        raise FaultError(Say.SUBJECT, reason="the token is the client's own")
    mandate = mandate_for(provider.vault, server.tx, caller, consent)
    most = details_of(issued).overlap(consent.details)
    if mandate is not None and most is not None:
        most = mandated(server.tx, mandate, most, now_ms=server.now * MS)
    if mandate is None or most is None:
        raise FaultError(Say.SUBJECT, reason="no mandate covers it")
    details = _asked(form, consent=consent, most=most, origin=provider.origin)
    secrets, vault = provider.secrets, provider.vault
    text, grant_id = secrets.mint(ACCESS_TOKEN), GrantId(vault.random(ID_BYTES))
    lifetime = SINGLE_USE_SECONDS if details.uses == 1 else LIFETIME_SECONDS
    token = AccessToken(
        token_hash=secrets.hash(text),
        space=consent.space,
        grant_id=grant_id,
        family_id=shown.token.family_id,  # Whatever ends the family ends this too.
        client_id=server.client.client_id,
        scope=scope_of(details),
        details=details.to_json(),
        cnf=caller.live.token.cnf,
        auth=shown.token.auth,
        issued_at=server.now,
        expires_at=min(
            server.now + lifetime,
            shown.token.expires_at,
            details.ends_at,
            consent.expires_at_ms // MS,
        ),
    )
    note = secrets.open(consent.note, request_id=consent.grant_id)
    asked = ExchangeToken(
        caller=caller,
        mandate=mandate,
        details=details,
        token=token,
        note=secrets.seal(note, request_id=grant_id),
    )
    return Exchange(provider, asked, text=text)


class Exchange:
    """A checked request: ``give`` journals it, once nothing else is open."""

    def __init__(self, provider: Provider, asked: ExchangeToken, *, text: str) -> None:
        """Keep what will be given; ``text`` is the new token in plain."""
        self._provider, self._asked, self._text = provider, asked, text

    def give(self) -> Answer:
        """Submit to the journal, and answer the token after the commit.

        Raises:
            FaultError: The policies refuse, or something ended meanwhile.
            JournalUnavailableError: Nothing was given.
        """
        provider, asked = self._provider, self._asked
        try:
            consent = exchange_token(provider.vault, asked)
        except (AccessDeniedError, ConflictError, NotFoundError, TokenEndedError) as error:
            raise FaultError(Say.SUBJECT, reason=str(error)) from error
        with provider.vault.read() as tx:
            body = self._body(tx, consent)
        return Answer(status=200, body=body)

    def _body(self, tx: Tx, consent: Consent) -> dict[str, Any]:
        token = self._asked.token
        return {
            "access_token": self._text,
            "issued_token_type": TOKEN_TYPE,
            "token_type": token.cnf.token_type,
            "expires_in": token.expires_at - token.issued_at,
            "scope": token.scope,
            "authorization_details": granted_object(
                consent,
                details=self._asked.details,
                tx=tx,
                secrets=self._provider.secrets,
                origin=self._provider.origin,
            ),
            "grant_id": consent.grant_id.hex(),
        }


def _shown(server: Server, text: str) -> LiveToken:
    if well_formed(text, prefix=ACCESS_TOKEN):
        for token_hash in server.provider.secrets.hashes(text):
            live = server.tx.protocol.live_token(token_hash, now=server.now)
            if live is not None:
                return live
    raise FaultError(Say.SUBJECT, reason="the token is not live")


def _caller(server: Server, frozen: Frozen, shown: LiveToken) -> Caller:
    """Return who asks: the client that authenticated, standing on the token that was shown."""
    department = server.tx.departments.get(server.client.department_id)
    if server.binding is None or department is None:
        raise FaultError(Say.NO_PROOF)
    bound = AccessToken(
        token_hash=shown.token.token_hash,
        space=shown.token.space,
        grant_id=shown.token.grant_id,
        family_id=shown.token.family_id,
        client_id=server.client.client_id,
        scope=shown.token.scope,
        details=shown.token.details,
        cnf=server.binding,
        auth=shown.token.auth,
        issued_at=shown.token.issued_at,
        expires_at=shown.token.expires_at,
    )
    live = LiveToken(
        token=bound, client=server.client, department=department, consent=shown.consent
    )
    return Caller(
        live=live,
        claim=None,  # Spent already, with the assertion.
        proof_hash=server.proof.hash if server.proof else None,
        network=network_prefix(frozen.network),
    )


def _asked(form: Mapping[str, str], *, consent: Consent, most: Details, origin: str) -> Details:
    details = most
    if "authorization_details" in form:
        details = read_narrower(
            form["authorization_details"],
            granted=most,
            purpose=consent.purpose,
            item=consent.item,
            case_no=consent.case_no,
            origin=origin,
        )
    if "scope" in form:
        details = narrowed(form["scope"], granted="", details=details)
    return details
