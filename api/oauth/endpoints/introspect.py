"""``POST /oauth/introspect`` (RFC 7662; trap D14), for resource servers (profile ``rs``) alone.

One query judges token, client, department and grant; whatever is not live is exactly
``{"active": false}``. Who asks for it gets the same as a signed JWT (RFC 9701), and only so it
hears of tokens that a client of signed messages holds.
"""

from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from api.oauth.answer import Answer
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.granted import granted_object, scope_of
from api.oauth.kernel import IntrospectionEndpoint, OAuth2Request
from api.oauth.models import KernelClient, KernelToken
from api.oauth.phases import check_step, two_phases
from api.oauth.provider import Provider
from api.oauth.secrets import ACCESS_TOKEN
from api.oauth.server import AUTH_METHODS, Server
from vault.clients import Client
from vault.clients.profiles import Asked, Step, check, told_signed_only
from vault.clients.signing_keys import SigningPurpose
from vault.clock import MS
from vault.consents import Consent
from vault.consents.details import details_of
from vault.crypto.tokens import well_formed
from vault.ports import LiveToken
from vault.services.exchange_token import still_granted

PATH: Final = "/oauth/introspect"
INACTIVE: Final = {"active": False}
SIGNED: Final = "application/token-introspection+jwt"
SIGNED_TYPE: Final = "token-introspection+jwt"


class Introspection(IntrospectionEndpoint):
    """The kernel's endpoint over our rows."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    server: Server

    def check_params(self, request: OAuth2Request, _client: KernelClient) -> None:
        """Require ``token``; a hint that nobody knows is ignored."""
        if "token" not in request.form:
            raise FaultError(Say.NO_TOKEN)

    def check_permission(
        self, _token: KernelToken, client: KernelClient, _request: OAuth2Request
    ) -> bool:
        """Let resource servers look; every token is for this origin."""
        return check(client.client, step=Step.INTROSPECT, request=Asked()) is None

    def query_token(self, token: str, _hint: str | None) -> KernelToken | None:
        """Return a live token, joined to its grant."""
        if not well_formed(token, prefix=ACCESS_TOKEN):
            return None
        for token_hash in self.server.provider.secrets.hashes(token):
            live = self.server.tx.protocol.live_token(token_hash, now=self.server.now)
            if live is not None:
                return KernelToken(live.token, live=live)
        return None

    def introspect_token(self, token: KernelToken) -> dict[str, Any]:
        """Say what the token may be used for now: its details within the grant's."""
        if token.live is None or (told_signed_only(token.live.client) and not self.server.signs):
            return dict(INACTIVE)
        row = token.live.token
        granted = self._granted(token.live)
        if granted is None:
            return dict(INACTIVE)
        return {
            "active": True,
            "iss": self.server.provider.origin,
            "aud": self.server.provider.origin,
            "client_id": row.client_id,
            "token_type": row.cnf.token_type,
            "scope": row.scope,
            "iat": row.issued_at,
            "exp": row.expires_at,
            "cnf": row.cnf.to_json(),
            **granted,
        }

    def _granted(self, live: LiveToken) -> dict[str, Any] | None:
        """Return what stands of the grant; nothing for registry tokens, ``None`` if it is gone."""
        consent, auth, text = live.consent, live.token.auth, live.token.details
        if auth is None or text is None:
            return {}
        now_ms, tx = self.server.now * MS, self.server.tx
        granted = None if consent is None else still_granted(tx, consent, now_ms=now_ms)
        current = None if granted is None else details_of(text).overlap(granted)
        if consent is None or current is None:
            return None
        return {
            "scope": scope_of(current),
            "acr": auth.acr,
            "auth_time": auth.auth_time,
            "grant_id": consent.grant_id.hex(),
            **self._act(consent),
            "authorization_details": granted_object(
                consent,
                details=current,
                tx=self.server.tx,
                secrets=self.server.provider.secrets,
                origin=self.server.provider.origin,
            ),
        }

    def _act(self, consent: Consent) -> dict[str, Any]:
        """Return who acts for the holder in whose stead, the nearest first (RFC 8693 s. 4.1)."""
        if consent.parent_id is None:
            return {}
        parent = self.server.tx.consents.get(consent.space, grant_id=consent.parent_id)
        before = {} if parent is None else {"act": {"sub": parent.client_id}}
        return {"act": {"sub": consent.client_id} | before}


async def introspect(provider: Provider, frozen: Frozen) -> Answer:
    """Say whether a token is live, and for what: nothing of it is written, so it is only read.

    Raises:
        KeyUnavailableError: The answer cannot be signed yet.
    """
    signed, asking = takes_signed(frozen.accept), list[Client]()

    def told(server: Server) -> Answer:
        asking.append(server.client)
        return _told(server, frozen, signed=signed)

    answer = await two_phases(provider, frozen, check=told, act=lambda _server, answer: answer)
    if signed and answer.fault is None:  # The unit of work is over: it does not wait for this.
        return await run_in_threadpool(_signed, provider, answer, asking=asking[0])
    return answer


def _told(server: Server, frozen: Frozen, *, signed: bool) -> Answer:
    check_step(server, step=Step.INTROSPECT)
    server.signs = signed
    server.register_endpoint(Introspection)
    request = server.request(PATH, params=frozen.form)
    answer: Answer = server.ask(lambda: server.create_endpoint_response("introspection", request))
    return answer


def takes_signed(accept: str) -> bool:
    """Say whether the header ``Accept`` names the signed form (RFC 9701 s. 4)."""
    named = (one.partition(";")[0].strip().lower() for one in accept.split(","))
    return SIGNED in named


def _signed(provider: Provider, answer: Answer, *, asking: Client) -> Answer:
    """Return it as a JWT for this resource server, without ``sub`` and ``exp`` (RFC 9701 s. 5)."""
    jwt = provider.signer.sign(
        purpose=SigningPurpose.INTROSPECTION,
        alg=asking.metadata.id_token_alg,
        typ=SIGNED_TYPE,
        claims={
            "aud": asking.client_id,
            "iat": provider.now(),
            "token_introspection": answer.body,
        },
    )
    return Answer(status=answer.status, jwt=jwt, media_type=SIGNED)
