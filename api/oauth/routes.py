"""Routes that answer in the forms of OAuth, whoever raised the error.

Those of the forms read their request themselves, as the pull does (ADR 0027): what FastAPI does to
solve their two dependencies costs as much as a signature. The signature of the endpoint still
makes the OpenAPI document.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.deps import wired
from api.oauth.answer import refusal
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen, frozen_form
from api.oauth.provider import Provider
from api.oauth.sending import provider, sent
from vault.errors import RateLimitedError, UnavailableError

Answering = Callable[[Provider, Frozen], Awaitable[Response]]
"""An endpoint that takes a form."""


class OAuthRoute(APIRoute):
    """Answers errors in the form of RFC 6749, whoever raised them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            return await self.guarded(request, handle)

        return guarded

    async def guarded(
        self, request: Request, handle: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Return the answer of ``handle``, or that to the error which it raised."""
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


class FormRoute(OAuthRoute):
    """Freezes the form and hands it to the endpoint; everything else is FastAPI's."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] != "POST":
            await super().handle(scope, receive, send)
            return
        response = await self.guarded(Request(scope, receive), self._answered)
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        endpoint: Any = self.endpoint
        answering: Answering = endpoint
        collaborators = await provider(await wired(request))
        return await answering(collaborators, await frozen_form(request))
