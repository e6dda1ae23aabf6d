"""How errors leave the authorization server: as pages to people, as OAuth's JSON to clients.

Whoever raised them, and wherever. The precise reason goes to the log, under the correlation id.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.middleware import correlation_id
from api.oauth.answer import Answer, refusal
from api.oauth.authorize import NotLedError
from api.oauth.errors import FaultError, Say
from api.oauth.notice import COME_BACK, NOTHING_TO_DECIDE, NOTHING_TO_LEAVE
from vault.errors import RateLimitedError, UnavailableError

_log = structlog.get_logger("myspace.oauth")


class PageRoute(APIRoute):
    """Answers errors as pages: a person is reading."""

    nothing = NOTHING_TO_DECIDE

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except (FaultError, HTTPException, NotLedError) as error:
                _log.info("refused", id=correlation_id(), path=self.path, reason=str(error))
                return self.nothing.response()
            except UnavailableError as error:
                _log.info("refused", id=correlation_id(), path=self.path, reason=str(error))
                return COME_BACK.response()

        return guarded


class LeavingRoute(PageRoute):
    """The same, where a person wants to leave."""

    nothing = NOTHING_TO_LEAVE


class OAuthRoute(APIRoute):
    """Answers errors in the form of RFC 6749, whoever raised them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except FaultError as error:
                return sent(refusal(error), path=self.path)
            except HTTPException as error:
                say = Say.TOO_LARGE if error.status_code == Say.TOO_LARGE.status else Say.REQUEST
                return sent(refusal(FaultError(say)), path=self.path)
            except RateLimitedError as error:
                answer = refusal(FaultError(Say.OFTEN), retry_after=error.retry_after_seconds)
            except UnavailableError as error:
                answer = refusal(FaultError(Say.BUSY), retry_after=error.retry_after_seconds)
            return sent(answer, path=self.path)

        return guarded


def sent(answer: Answer, *, path: str, extra: dict[str, str] | None = None) -> Response:
    """Return an answer, and log what was refused."""
    if answer.fault is not None:
        _log.info(
            "refused",
            id=correlation_id(),
            path=path,
            error=answer.fault.say.error,
            reason=answer.fault.reason,
        )
    return answer.response(extra=extra)
