"""``POST /oauth/par`` (RFC 9126): all validation happens here, and errors are never redirects."""

import re
from collections.abc import Mapping
from typing import Final

from api.oauth.answer import Answer
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.jar import TYPES_OF, read_request
from api.oauth.phases import check_step, two_phases
from api.oauth.provider import Provider
from api.oauth.pushed import Pushed, Sent, read_pushed
from api.oauth.secrets import PUSHED_REQUEST, REQUEST_ID_BYTES
from api.oauth.server import Server
from vault.clients.confirmation import Confirmation
from vault.clients.profiles import Asked, Step
from vault.clients.protocol import PushedRequest

REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
LIFETIME_SECONDS: Final = 90

_JKT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


async def push(provider: Provider, frozen: Frozen) -> Answer:
    """Accept an authorization request, and name it."""
    return await two_phases(
        provider, frozen, check=lambda server: _checked(server, frozen), act=_kept
    )


def _checked(server: Server, frozen: Frozen) -> tuple[Pushed, Confirmation]:
    may = Asked(bound=True, signed="request" in frozen.form, signed_answer=True)
    check_step(server, step=Step.PAR, request=may)
    sent = _sent(server, frozen)
    cnf = bound_to(server, sent.params)
    pushed = read_pushed(server, sent)
    check_step(server, step=Step.PAR, request=pushed.asked)
    return pushed, cnf


def _sent(server: Server, frozen: Frozen) -> Sent:
    """Return the request: the form, or the signed object alone (RFC 9126 s. 3).

    What stands beside an object is never read; where it differs from what is inside, somebody
    has meddled.
    """
    form = frozen.form
    if "request" not in form:
        return Sent(params=form, resources=frozen.resources)
    found = read_request(
        form["request"],
        client=server.client,
        issuer=server.provider.origin,
        keys=server.provider.keys,
        now=server.now,
    )
    twice = TYPES_OF.keys() & form.keys() & found.params.keys()
    if any(form[name] != found.params[name] for name in twice):
        raise FaultError(Say.OUTSIDE)
    if "request_uri" in form:
        raise FaultError(Say.NESTED)
    return Sent(params=found.params, resources=found.resources, signed=found.text)


def bound_to(server: Server, params: Mapping[str, str]) -> Confirmation:
    """Return what the code will be bound to: a key proven here or named, else the certificate.

    RFC 9449 s. 10; RFC 8705 s. 3.
    """
    named = params.get("dpop_jkt", "")
    if named and not _JKT.fullmatch(named):
        raise FaultError(Say.NO_KEY, reason="dpop_jkt is no thumbprint")
    proven = server.proof.jkt if server.proof is not None else ""
    if named and proven and named != proven:
        raise FaultError(Say.OTHER_KEY)
    if named:
        return Confirmation.key(named)
    if server.binding is None:
        raise FaultError(Say.NO_KEY)
    return server.binding


def _kept(server: Server, checked: tuple[Pushed, Confirmation]) -> Answer:
    pushed, cnf = checked
    secrets = server.provider.secrets
    name = secrets.mint(PUSHED_REQUEST)
    request_hash = secrets.hash(name)
    server.tx.protocol.push(
        PushedRequest(
            request_hash=request_hash,
            client_id=server.client.client_id,
            params=secrets.seal(pushed.to_json(), request_id=request_hash[:REQUEST_ID_BYTES]),
            cnf=cnf,
            expires_at=server.now + LIFETIME_SECONDS,
        )
    )
    return Answer(
        status=201,
        body={"request_uri": REQUEST_URI + name, "expires_in": LIFETIME_SECONDS},
    )
