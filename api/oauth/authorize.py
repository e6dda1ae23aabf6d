"""``GET|POST /oauth/authorize``: opens an interaction of this browser for a pushed request.

Only ``client_id`` and ``request_uri`` are looked at. Until both are proven, the answer is a
local page; afterwards errors go to the registered redirect. Reloading is harmless: a request
is spent by the decision, not by the page.
"""

from dataclasses import dataclass, field
from typing import Final

from api.oauth.errors import Say
from api.oauth.frozen import Frozen
from api.oauth.jarm import error_back
from api.oauth.par import REQUEST_URI
from api.oauth.provider import Provider
from api.oauth.pushed import Pushed, Sent, kept_request, read_pushed
from api.oauth.secrets import BROWSER, PUSHED_REQUEST, REQUEST_ID_BYTES
from api.oauth.server import Server
from api.way_back import WayBack
from vault.clients import Client
from vault.clients.profiles import Asked, Step, check
from vault.clients.protocol import Interaction, InteractionState, PushedRequest
from vault.crypto.tokens import well_formed
from vault.errors import ConflictError
from vault.ids import ID_BYTES, ClientId
from vault.ports import Tx

INTERACTION_SECONDS: Final = 480
"""With the 90 s of the push, below the 600 s of FAPI 2.0."""

PAGE: Final = "/space/consent/"


class NotLedError(Exception):
    """Client and request are not proven: nothing may be redirected. Says why, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """Where a browser is led: to a page of ours, or to the client with an error.

    Attributes:
        way: Where.
        browser: A new secret for this browser's cookie, or empty.
    """

    way: WayBack
    browser: str = field(default="", repr=False)


def lead(provider: Provider, frozen: Frozen, *, browser: str, signin: str) -> Led:
    """Open an interaction, or find the one that is open, and say where it is decided.

    Args:
        provider: The collaborators.
        frozen: The request; everything but two parameters is ignored.
        browser: Value of the cookie ``BROWSER_COOKIE``, or an empty string.
        signin: Value of the cookie ``SIGNIN_COOKIE``, or an empty string.

    Raises:
        NotLedError: A local page has to tell the holder.
    """
    try:
        return _lead(provider, frozen, browser=browser, signin=signin)
    except ConflictError:  # The same browser loaded it twice at once: now there is one to find.
        return _lead(provider, frozen, browser=browser, signin=signin)


def _lead(provider: Provider, frozen: Frozen, *, browser: str, signin: str) -> Led:
    new_browser = "" if well_formed(browser, prefix=BROWSER) else provider.secrets.mint(BROWSER)
    browser_hash = provider.secrets.hash(new_browser or browser)
    now = provider.now()
    with provider.vault.work() as tx:
        row, client = _proven(provider, frozen, tx=tx)
        known = tx.protocol.interaction_of(row.request_hash, browser_hash=browser_hash)
        if known is not None:
            return _again(known, now=now)
        if row.expires_at <= now:
            raise NotLedError("the request has expired")
        params = kept(provider, row).params
        if params["redirect_uri"] not in client.redirect_uris:
            raise NotLedError("the redirect is no longer registered")
        if params.get("prompt") == "none":  # Here a holder decides on every request.
            tx.protocol.spend_pushed(row.request_hash, now=now)
            say = Say.CONSENT if _signed_in(provider, tx, signin, now=now) else Say.LOGIN
            return Led(way=error_back(provider, params, client=client, say=say))
        interaction = Interaction(
            interaction_id=provider.vault.random(ID_BYTES),
            request_hash=row.request_hash,
            browser_hash=browser_hash,
            signin_hash=None,
            state=InteractionState.OPEN,
            expires_at=now + INTERACTION_SECONDS,
        )
        tx.protocol.open_interaction(interaction)
    return Led(way=_page(interaction), browser=new_browser)


def reopened(server: Server, row: PushedRequest) -> Pushed:
    """Read a kept request again, with every check that the push had.

    Raises:
        OAuth2Error: It would not be accepted now.
    """
    return read_pushed(server, kept(server.provider, row))


def kept(provider: Provider, row: PushedRequest) -> Sent:
    """Open a kept request."""
    request_id = row.request_hash[:REQUEST_ID_BYTES]
    return kept_request(provider.secrets.open(row.params, request_id=request_id))


def _proven(provider: Provider, frozen: Frozen, *, tx: Tx) -> tuple[PushedRequest, Client]:
    """Return the request that was pushed, undecided, and the active client that pushed it."""
    name = frozen.form.get("request_uri", "").removeprefix(REQUEST_URI)
    client_id = frozen.form.get("client_id", "")
    if not client_id or not well_formed(name, prefix=PUSHED_REQUEST):
        raise NotLedError("no request_uri of ours")
    rows = (tx.protocol.pushed(one) for one in provider.secrets.hashes(name))
    row = next((row for row in rows if row is not None), None)
    client = tx.clients.get(ClientId(client_id))
    if row is None or client is None or row.client_id != client_id:
        raise NotLedError("no such request of this client")
    if check(client, step=Step.AUTHORIZE, request=Asked()) is not None:
        raise NotLedError("the client may not")
    if row.consumed_at is not None:
        raise NotLedError("the request is decided")
    return row, client


def _signed_in(provider: Provider, tx: Tx, signin: str, *, now: int) -> bool:
    found = (tx.protocol.signin(one, now=now) for one in provider.secrets.hashes(signin))
    return any(one is not None for one in found)


def _again(known: Interaction, *, now: int) -> Led:
    if known.state is not InteractionState.OPEN or known.expires_at <= now:
        raise NotLedError("the interaction is over")
    return Led(way=_page(known))


def _page(interaction: Interaction) -> WayBack:
    return WayBack(location=f"{PAGE}{interaction.interaction_id.hex()}")
