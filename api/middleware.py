"""What every request passes: a correlation id, safe headers, limits, a line when refused.

Plain ASGI, because it stands before every pull. Bodies, queries and headers are never logged.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from secrets import token_hex
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_seen: ContextVar["Seen | None"] = ContextVar("seen", default=None)
_log = structlog.get_logger("myspace.request")

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
NO_STORE: Final = (b"cache-control", b"no-store")


@dataclass(slots=True)
class Seen:
    """What came to light while a request was answered; its threads share it.

    Attributes:
        client_id: Who asks, as far as anybody said; empty where nobody did.
        proven: The client proved who it is.
        error: The code in the answer.
        reason: What exactly was wrong; nothing in it was sent.
    """

    correlation: str = "none"
    client_id: str = ""
    proven: bool = False
    error: str = ""
    reason: str = ""

    def by(self, client_id: str, *, proven: bool) -> None:
        """Keep who asks."""
        self.client_id, self.proven = client_id, proven

    def refused(self, error: str, *, reason: str) -> None:
        """Keep why it is refused; what was said first is the most exact."""
        if not self.reason:
            self.error, self.reason = error, reason


def seen() -> Seen:
    """Return what came to light of the current request; outside of one, nothing is kept."""
    return _seen.get() or Seen()


def correlation_id() -> str:
    """Return the id under which the operator's log speaks of the current request."""
    return seen().correlation


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bytes that a body may have: forms and JSON, or an upload with files."""

    plain: int
    upload: int
    upload_path: str = "/v1/records"

    def of(self, scope: Scope) -> int:
        """Return the limit for the request of ``scope``."""
        content_type: bytes = dict(scope["headers"]).get(b"content-type", b"")
        uploads = scope["path"].startswith(self.upload_path)
        return self.upload if uploads and content_type.startswith(b"multipart/") else self.plain


class Guard:
    """Wraps the application; knows nothing of what it serves."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: BodyLimits,
        https: bool,
        failed: Callable[[], ASGIApp],
        refused: Callable[[Scope, Seen, int], None],
    ) -> None:
        """Guard ``app``.

        Args:
            app: Whatever is served.
            limits: Bodies above them are refused.
            https: Ask browsers for https for good.
            failed: Makes the answer to a request on which the application failed.
            refused: Is told of each answer of 400 and more.
        """
        self._app = app
        self._limits = limits
        self._failed = failed
        self._refused = refused
        self._headers = [*HEADERS]
        if https:
            self._headers.append((b"strict-transport-security", b"max-age=63072000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = token_hex(8)
        found = Seen(own_id)
        token = _seen.set(found)
        begun = False

        async def marked(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                named = {name for name, _ in headers}
                headers += [pair for pair in self._headers if pair[0] not in named]
                if NO_STORE[0] not in named:
                    headers.append(NO_STORE)
                headers.append((b"x-correlation-id", own_id.encode()))
                if message["status"] >= HTTPStatus.BAD_REQUEST:
                    _log.info(
                        "refused", id=own_id, method=scope["method"], status=message["status"]
                    )
                    self._refused(scope, found, message["status"])
            await send(message)

        try:
            await self._app(scope, _limited(scope, receive, limit=self._limits.of(scope)), marked)
        except Exception:
            _log.exception("failed", id=own_id, method=scope["method"])
            if begun:  # Half an answer is broken off, never completed with something else.
                raise
            await self._failed()(scope, receive, marked)
        finally:
            _seen.reset(token)


def _limited(scope: Scope, receive: Receive, *, limit: int) -> Receive:
    """Return ``receive``, which refuses a body of more than ``limit`` bytes as soon as it can."""
    announced: bytes = dict(scope["headers"]).get(b"content-length", b"")
    taken = int(announced) if announced.isdigit() else 0
    if taken <= limit:
        taken = 0

    async def counted() -> Message:
        nonlocal taken
        if taken > limit:  # Said beforehand: nothing is read.
            raise HTTPException(413)  # Raised inside the application, rendered by it.
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413)
        return message

    return counted
