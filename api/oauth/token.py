"""``POST /oauth/token``: one grant per request, issued inside the unit of work that spends."""

from collections.abc import Mapping
from typing import Final

from api.oauth.answer import Answer
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.grants.awaited import CibaGrant, DeviceGrant
from api.oauth.grants.client_credentials import RegistryGrant
from api.oauth.grants.code import S256, CodeGrant
from api.oauth.grants.exchange import Exchange
from api.oauth.grants.exchange import exchange as exchanged
from api.oauth.grants.refresh import RefreshGrant
from api.oauth.phases import Later, check_step, two_phases
from api.oauth.provider import Provider
from api.oauth.server import Server
from vault.clients.confirmation import Holding
from vault.clients.profiles import (
    AUTHORIZATION_CODE,
    CIBA,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
    Asked,
    Step,
)

PATH: Final = "/oauth/token"
GRANT_TYPES: Final = (
    *(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS),
    *(TOKEN_EXCHANGE, DEVICE_CODE, CIBA),
)


async def exchange(provider: Provider, frozen: Frozen) -> Answer:
    """Issue an access token for a code, a refresh token, another token, or the client itself."""
    return await two_phases(
        provider,
        frozen,
        check=lambda server: _checked(server, frozen),
        act=_issued,
    )


def _checked(server: Server, frozen: Frozen) -> Mapping[str, str] | Exchange:
    grant_type = frozen.form.get("grant_type", "")
    if not grant_type:
        raise FaultError(Say.REQUEST, reason="no grant_type")
    if grant_type not in GRANT_TYPES:
        raise FaultError(Say.GRANT_TYPE)
    cnf = server.binding
    asked = Asked(
        grant_type=grant_type,
        bound=cnf is not None,
        by_certificate=cnf is not None and cnf.holding is Holding.CERTIFICATE,
    )
    check_step(server, step=Step.TOKEN, request=asked)
    if any(one != server.provider.origin for one in frozen.resources):
        raise FaultError(Say.TARGET)
    return exchanged(server, frozen) if grant_type == TOKEN_EXCHANGE else frozen.form


def _issued(server: Server, params: Mapping[str, str] | Exchange) -> Answer | Later:
    if isinstance(params, Exchange):
        return params.give
    server.register_grant(CodeGrant, [S256()])
    server.register_grant(RefreshGrant)
    server.register_grant(RegistryGrant)
    server.register_grant(DeviceGrant)
    server.register_grant(CibaGrant)
    request = server.request(PATH, params=params)
    answer: Answer = server.ask(lambda: server.create_token_response(request))
    return answer
