"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 s. 2.4): made for the very try.

They live for two minutes, so one that waited for a client to come back would be dead.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from api.egress import Call
from api.oauth.frozen import MEDIA_TYPE
from api.oauth.id_token import subject_text
from api.oauth.provider import Provider
from vault.base64url import to_base64url
from vault.clients import ClientStatus
from vault.clients.signing_keys import SigningPurpose
from vault.ids import ID_BYTES, ClientId

LIFETIME_SECONDS: Final = 120
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TYPE: Final = "logout+jwt"


def logout_call(provider: Provider, told: Mapping[str, Any]) -> Call | None:
    """Return the call that tells a client of the end of a sign-in.

    Args:
        provider: The collaborators.
        told: As ``vault.services.sign_out`` wrote it.

    Returns:
        The call, or ``None`` where the client is not served or has no such address any more.

    Raises:
        KeyUnavailableError: No key for the client's signature is there yet.
    """
    with provider.vault.read() as tx:
        client = tx.clients.get(ClientId(told["client"]))
    if client is None or client.status is not ClientStatus.ACTIVE:
        return None
    if not client.metadata.backchannel_logout_uri:
        return None
    now = provider.now()
    token = provider.signer.sign(
        purpose=SigningPurpose.LOGOUT,
        alg=client.metadata.id_token_alg,
        typ=TYPE,
        claims={
            "aud": client.client_id,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": to_base64url(provider.vault.random(ID_BYTES)),
            "events": {EVENT: {}},
            "sid": to_base64url(bytes.fromhex(told["sid"])),
            "sub": subject_text(bytes.fromhex(told["sub"])),
        },
    )
    return Call(
        url=client.metadata.backchannel_logout_uri,
        body=urlencode({"logout_token": token}).encode(),
        media_type=MEDIA_TYPE,
    )
