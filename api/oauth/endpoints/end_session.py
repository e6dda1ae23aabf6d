"""``GET|POST /oauth/end_session`` (OpenID Connect RP-Initiated Logout 1.0; trap D18).

Only an ID token of ours says who asks; without one nobody is led anywhere. Whether to sign out
is decided by the person, on a page of the portal: a link alone ends nothing. A POST from
another site brings no cookie along, so the browser is sent to that page by a redirect.
"""

import re
from typing import Final
from urllib.parse import urlencode

from api.leaving import PAGE, TICKET, Leaving, sealed
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.id_token_hint import hinted
from api.oauth.jose import BadJwsError
from api.oauth.provider import Provider
from api.way_back import WayBack
from vault.clients import Client, ClientStatus
from vault.ids import ClientId

PATH: Final = "/oauth/end_session"

_STATE: Final = re.compile(r"[\x20-\x7e]{1,2048}")


def end_session(provider: Provider, frozen: Frozen) -> str:
    """Return the page that asks, with what was proven about who wants it.

    Raises:
        FaultError: ``state`` is none that can be echoed.
    """
    form = frozen.form
    if "state" in form and not _STATE.fullmatch(form["state"]):
        raise FaultError(Say.STATE)
    client = _hinted(provider, form.get("id_token_hint", ""), named=form.get("client_id"))
    told = {name: form[name] for name in {"ui_locales"} & form.keys()}
    query = {"lang": told["ui_locales"].split()[0]} if told.get("ui_locales", "").split() else {}
    if client is not None:
        leaving = Leaving(client_id=client.client_id, onward=_onward(client, frozen))
        query[TICKET] = sealed(provider.vault, leaving)
    return provider.url(PAGE) + (f"?{urlencode(query)}" if query else "")


def _onward(client: Client, frozen: Frozen) -> str:
    """Return the registered address that was asked for, or an empty text."""
    uri = frozen.form.get("post_logout_redirect_uri", "")
    if uri not in client.metadata.post_logout_redirect_uris:
        return ""
    state = frozen.form.get("state")
    return uri if state is None else WayBack.by_query(uri, {"state": state}).location


def _hinted(provider: Provider, hint: str, *, named: str | None) -> Client | None:
    """Return the active client that an ID token was made for; expired ones prove it too."""
    try:
        claims = hinted(provider, hint)
    except BadJwsError:
        return None
    client_id = claims.get("aud")
    if not isinstance(client_id, str) or named not in {None, client_id}:
        return None
    with provider.vault.read() as tx:
        client = tx.clients.get(ClientId(client_id))
    return client if client is not None and client.status is ClientStatus.ACTIVE else None
