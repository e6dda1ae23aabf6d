"""How the answer reaches a client: in the query, or as one signed JWT (JARM).

A signed answer is made for one client and lives for a minute; ``iss`` stands inside it, so there
is none beside it (RFC 9207 s. 2.4). Errors travel in the same way as codes.
"""

from collections.abc import Mapping
from typing import Final

from api.oauth.errors import Say
from api.oauth.provider import Provider
from api.way_back import WayBack
from vault.clients import Client
from vault.clients.signing_keys import SigningPurpose

LIFETIME_SECONDS: Final = 60
QUERY: Final = "query"
FORM_POST: Final = "form_post.jwt"
MODES: Final = (QUERY, "jwt", "query.jwt", FORM_POST)
"""For a code, ``jwt`` is ``query.jwt`` (JARM s. 2.3.4)."""


def mode_of(params: Mapping[str, str]) -> str:
    """Return the response mode that is asked for."""
    return params.get("response_mode", QUERY)


def way_back(
    provider: Provider, params: Mapping[str, str], *, client: Client, answer: Mapping[str, str]
) -> WayBack:
    """Return the way to the client with the answer, and with the state as it came.

    Args:
        provider: The collaborators.
        params: Of the request; its redirect is a registered one.
        client: Who asked.
        answer: ``code``, or ``error`` with its description.

    Raises:
        KeyUnavailableError: The answer cannot be signed yet.
    """
    state = params.get("state")
    told = {**answer} if state is None else {**answer, "state": state}
    mode, redirect_uri = mode_of(params), params["redirect_uri"]
    if mode == QUERY:
        return WayBack.by_query(redirect_uri, told | {"iss": provider.origin})
    signed = provider.signer.sign(
        purpose=SigningPurpose.JARM,
        alg=client.metadata.id_token_alg,
        claims={**told, "aud": client.client_id, "exp": provider.now() + LIFETIME_SECONDS},
    )
    if mode == FORM_POST:
        return WayBack(location=redirect_uri, fields={"response": signed})
    return WayBack.by_query(redirect_uri, {"response": signed})


def error_back(
    provider: Provider, params: Mapping[str, str], *, client: Client, say: Say
) -> WayBack:
    """Return the way to the client with an error."""
    answer = {"error": say.error, "error_description": say.text}
    return way_back(provider, params, client=client, answer=answer)
