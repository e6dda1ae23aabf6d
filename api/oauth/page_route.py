"""Routes of the authorization server that speak to people: what goes wrong is told on a page."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.middleware import correlation_id
from api.oauth.authorize import NotLedError
from api.oauth.errors import FaultError
from api.oauth.notice import COME_BACK, NOTHING_TO_DECIDE, NOTHING_TO_LEAVE
from vault.errors import UnavailableError

_log: Final = structlog.get_logger("myspace.oauth")


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
