"""``POST /oauth/revoke`` (RFC 7009; trap D14): never ends the consent.

An access token ends alone. A refresh token ends with all that came of its code, itself first:
a use of it that was under way has either issued before, and that ends too, or issues nothing.
"""

from typing import Final

from api.oauth.answer import Answer, refusal
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.kernel import OAuth2Request, RevocationEndpoint
from api.oauth.models import KernelClient, KernelRefresh, KernelToken
from api.oauth.phases import check_step, two_phases
from api.oauth.provider import Provider
from api.oauth.secrets import ACCESS_TOKEN, REFRESH_TOKEN
from api.oauth.server import AUTH_METHODS, Server
from vault.clients.profiles import Step
from vault.crypto.tokens import well_formed

PATH: Final = "/oauth/revoke"


class Revocation(RevocationEndpoint):
    """The kernel's endpoint over our rows."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    server: Server

    def check_params(self, request: OAuth2Request, _client: KernelClient) -> None:
        """Require ``token``; a hint that nobody knows is ignored."""
        if "token" not in request.form:
            raise FaultError(Say.NO_TOKEN)

    def query_token(self, token: str, _hint: str | None) -> KernelToken | KernelRefresh | None:
        """Return the token, whatever its state; its prefix says of which kind it is."""
        rows = self.server.tx.protocol
        for token_hash in self.server.provider.secrets.hashes(token):
            if well_formed(token, prefix=ACCESS_TOKEN):
                row = rows.token(token_hash)
                if row is not None:
                    return KernelToken(row)
            if well_formed(token, prefix=REFRESH_TOKEN):
                refresh = rows.refresh_token(token_hash)
                if refresh is not None:
                    return KernelRefresh(refresh)
        return None

    def revoke_token(self, token: KernelToken | KernelRefresh, _request: OAuth2Request) -> None:
        """End it; ended before is ended too."""
        rows, now = self.server.tx.protocol, self.server.now
        if isinstance(token, KernelRefresh):
            rows.revoke_family(token.row.family_id, now=now)
            return
        row = token.row
        rows.revoke_token(row.token_hash, client_id=row.client_id, now=now)


async def revoke(provider: Provider, frozen: Frozen) -> Answer:
    """End a token; a foreign one stays untouched, an unknown one was never there."""
    return await two_phases(
        provider, frozen, check=_checked, act=lambda server, _: _revoked(server, frozen)
    )


def _checked(server: Server) -> None:
    check_step(server, step=Step.REVOKE)


def _revoked(server: Server, frozen: Frozen) -> Answer:
    server.register_endpoint(Revocation)
    request = server.request(PATH, params=frozen.form)
    answer: Answer = server.ask(lambda: server.create_endpoint_response("revocation", request))
    if answer.fault is not None:
        says = {Say.GRANT: Say.FOREIGN}
        return refusal(FaultError(says.get(answer.fault.say, answer.fault.say)))
    return Answer(status=200)
