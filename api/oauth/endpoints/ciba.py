"""``POST /oauth/bc-authorize`` (CIBA Core 1.0, FAPI-CIBA): a counter asks, a telephone answers.

The request is signed as a whole, and nothing counts beside it. Who is asked, the case says; the
hint must lead to the same person. Where it does not, or leads to nobody, everything looks as
ever: the request is kept, nobody sees it, and it expires.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from api.oauth.answer import Answer
from api.oauth.awaited import INTERVAL_SECONDS, LIFETIME_SECONDS, Awaited, read_awaited
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.hints import Hint, leads_to, read_hint
from api.oauth.jar import BACKCHANNEL, read_request
from api.oauth.matching import number_in
from api.oauth.par import bound_to
from api.oauth.phases import check_step, two_phases
from api.oauth.ping import read_token, sealed_ping
from api.oauth.prompts import count_prompt, count_start
from api.oauth.provider import Provider
from api.oauth.secrets import AUTH_REQ_ID
from api.oauth.server import Server
from vault.clients.async_requests import AsyncKind, AsyncRequest
from vault.clients.confirmation import Confirmation
from vault.clients.profiles import Asked, Step
from vault.clients.protocol import Claim
from vault.ids import ID_BYTES

PATH: Final = "/oauth/bc-authorize"
DELIVERY_MODES: Final = ("poll", "ping")
BESIDE: Final = frozenset({"client_assertion", "client_assertion_type", "client_id", "request"})
"""What may stand beside the request object (CIBA Core 7.1.1)."""

_SECONDS: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    awaited: Awaited
    cnf: Confirmation
    hint: Hint
    claim: Claim | None = field(repr=False)
    lifetime: int
    notify: str = field(repr=False)


async def ask(provider: Provider, frozen: Frozen) -> Answer:
    """Accept a counter's request; answer what it polls with."""
    return await two_phases(
        provider, frozen, check=lambda server: _checked(server, frozen), act=_kept
    )


def _checked(server: Server, frozen: Frozen) -> _Checked:
    if "request" not in frozen.form or frozen.form.keys() - BESIDE or frozen.resources:
        raise FaultError(Say.SIGNED)
    provider = server.provider
    request = read_request(
        frozen.form["request"],
        client=server.client,
        issuer=provider.origin,
        keys=provider.keys,
        now=server.now,
        demands=BACKCHANNEL,
    )
    params = request.params
    cnf = bound_to(server, params)
    check_step(server, step=Step.CIBA, request=Asked(bound=True))
    if "user_code" in params:
        raise FaultError(Say.NOT_OFFERED, reason="user_code")
    hint = read_hint(server, params)
    awaited = read_awaited(server, params, resources=request.resources)
    check_step(server, step=Step.CIBA, request=awaited.asked(now=server.now))
    number_in(params.get("binding_message", ""))
    return _Checked(
        awaited=awaited,
        cnf=cnf,
        hint=hint,
        claim=request.claim,
        lifetime=_lifetime(params),
        notify=read_token(params, client=server.client),
    )


def _kept(server: Server, checked: _Checked) -> Answer:
    tx, vault, secrets = server.tx, server.provider.vault, server.provider.secrets
    if checked.claim is None or not all(tx.protocol.claim([checked.claim])):
        raise FaultError(Say.REQUEST_OBJECT, reason="the request object was shown before")
    wanted = checked.awaited.wanted
    meant = leads_to(server, checked.hint, space=wanted.space)
    _count(server, checked.awaited)
    request_id, code = vault.random(ID_BYTES), secrets.mint(AUTH_REQ_ID)
    notify = None
    if checked.notify:
        notify = sealed_ping(
            server.provider, token=checked.notify, code=code, request_id=request_id
        )
    tx.protocol.add_async(
        AsyncRequest(
            request_id=request_id,
            kind=AsyncKind.CIBA,
            code_hash=secrets.hash(code),
            client_id=server.client.client_id,
            space=wanted.space if meant else None,
            params=checked.awaited.sealed(secrets, request_id=request_id),
            cnf=checked.cnf,
            interval=INTERVAL_SECONDS,
            notify=notify,
            created_at=server.now,
            expires_at=server.now + checked.lifetime,
        )
    )
    body = {"auth_req_id": code, "expires_in": checked.lifetime, "interval": INTERVAL_SECONDS}
    return Answer(status=200, body=body)


def _count(server: Server, awaited: Awaited) -> None:
    """Count what begins, and what is put before a holder, whoever the hint has led to.

    Raises:
        RateLimitedError: This counter, or its department, asks too often.
    """
    vault, client, wanted = server.provider.vault, server.client, awaited.wanted
    holder = wanted.space.holder_id
    often = count_start(vault, server.tx, client, holder=holder, now=server.now) or count_prompt(
        vault, server.tx, client, holder=holder, item=wanted.item, now=server.now
    )
    if often is not None:
        raise often


def _lifetime(params: Mapping[str, str]) -> int:
    """Return for how long the request lives: as asked for, and no longer than ours."""
    text = params.get("requested_expiry", str(LIFETIME_SECONDS))
    if not _SECONDS.fullmatch(text):
        raise FaultError(Say.EXPIRY)
    return min(LIFETIME_SECONDS, int(text))
