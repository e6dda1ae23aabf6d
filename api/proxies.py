"""What a named reverse proxy says of a request is believed, and what anybody else says is not.

Two things are said by headers: whom the request came from, and with which certificate the
caller proved itself while TLS was set up (RFC 8705). Plain ASGI, around everything else.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, Final, cast

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from vault.services.acting import network_prefix, plain_address

CERTIFICATE: Final = "X-Client-Certificate"
"""Holds ``$ssl_client_escaped_cert`` of nginx; whoever is no proxy of ours says nothing by it."""

_NAME: Final = CERTIFICATE.lower().encode()
_log = structlog.get_logger("myspace.request")


class Proxies:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, *, trusted: str, certificates: bool) -> None:
        """Take ``app``.

        Args:
            app: Whatever is served.
            trusted: Addresses or networks of the proxies, with commas between.
            certificates: Whether they ask callers for certificates.
        """
        # The two libraries write the types of one interface differently.
        told: Any = ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=trusted)
        self._app: ASGIApp = told if trusted else app
        self._trusted = trusted if certificates else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            claimed = sum(name == _NAME for name, _ in scope["headers"])
            if claimed and not (claimed == 1 and self._is_proxy(scope)):
                _log.warning("a claimed certificate was dropped", network=_network(scope))
                scope = {**scope, "headers": _without(scope["headers"])}
        await self._app(scope, receive, send)

    def _is_proxy(self, scope: Scope) -> bool:
        peer = scope.get("client")
        return peer is not None and _among(peer[0], self._trusted)


def _network(scope: Scope) -> str | None:
    peer = scope.get("client")
    return network_prefix(peer[0]) if peer else None


def _without(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != _NAME]


@lru_cache(maxsize=1024)
def _among(address: str, networks: str) -> bool:
    try:
        found = ip_address(plain_address(address))
    except ValueError:
        return False
    return any(found in ip_network(one) for one in networks.split(",") if one)
