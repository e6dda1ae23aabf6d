"""``POST /oauth/revoke`` (RFC 7009; trap D14): ends one access token, never the consent."""

from typing import Final

from api.oauth.answer import Answer, refusal
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.kernel import OAuth2Request, RevocationEndpoint
from api.oauth.models import KernelClient, KernelToken
from api.oauth.phases import check_step, two_phases
from api.oauth.provider import Provider
from api.oauth.secrets import ACCESS_TOKEN
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

    def query_token(self, token: str, _hint: str | None) -> KernelToken | None:
        """Return the token, whatever its state."""
        if not well_formed(token, prefix=ACCESS_TOKEN):
            return None
        for token_hash in self.server.provider.secrets.hashes(token):
            row = self.server.tx.protocol.token(token_hash)
            if row is not None:
                return KernelToken(row)
        return None

    def revoke_token(self, token: KernelToken, _request: OAuth2Request) -> None:
        """End it; ended before is ended too."""
        row = token.row
        self.server.tx.protocol.revoke_token(
            row.token_hash, client_id=row.client_id, now=self.server.now
        )


def revoke(provider: Provider, frozen: Frozen) -> Answer:
    """End a token; a foreign one stays untouched, an unknown one was never there."""
    return two_phases(
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
