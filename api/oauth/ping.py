"""The ping of CIBA (Core 1.0 s. 10.2): a counter is told that it may ask now, and nothing else.

It is sent to the registered address with the token that came with the request, and names the
request by what the client knows it by. That is sealed beside the request until then.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from api.egress import Call
from api.oauth.errors import FaultError, Say
from api.oauth.provider import Provider
from vault.clients import Client, ClientStatus

_TOKEN: Final = re.compile(r"(?=.{22,1024}\Z)[A-Za-z0-9._~+/-]+=*")
"""What a header takes (RFC 6750 s. 2.1), with at least 128 bits (CIBA Core 7.1)."""


def read_token(params: Mapping[str, str], *, client: Client) -> str:
    """Return the token that a client wants to be called back with; empty where it polls.

    Raises:
        FaultError: It is to be called back, and has sent no such token.
    """
    if not client.metadata.ciba_notification_uri:
        return ""
    token = params.get("client_notification_token", "")
    if not _TOKEN.fullmatch(token):
        raise FaultError(Say.NOTIFY)
    return token


def sealed_ping(provider: Provider, *, token: str, code: str, request_id: bytes) -> bytes:
    """Return what a ping is made of, sealed for the request's row."""
    plain = json.dumps({"auth_req_id": code, "token": token}).encode()
    return provider.secrets.seal(plain, request_id=request_id)


def ping_call(provider: Provider, told: Mapping[str, Any]) -> Call | None:
    """Return the call to the client, or ``None`` where there is nobody to be called any more."""
    request_id = bytes.fromhex(told["request"])
    with provider.vault.read() as tx:
        row = tx.protocol.async_request(request_id)
        client = None if row is None else tx.clients.get(row.client_id)
    if row is None or row.notify is None or row.expires_at <= provider.now():
        return None
    if client is None or client.status is not ClientStatus.ACTIVE:
        return None
    if not client.metadata.ciba_notification_uri:
        return None
    kept = json.loads(provider.secrets.open(row.notify, request_id=request_id))
    return Call(
        url=client.metadata.ciba_notification_uri,
        body=json.dumps({"auth_req_id": kept["auth_req_id"]}).encode(),
        media_type="application/json",
        bearer=kept["token"],
    )
