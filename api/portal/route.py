"""What every page passes on its way in and out: the token of its forms, its language, errors.

The token lies in a cookie of this host and stands in each form of the page. A browser that has
none gets one with the first page; a sign-in brings its own.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.deps import wired
from api.middleware import correlation_id
from api.portal.door import FORM_COOKIE, keep_language, set_cookie, visit
from api.portal.errors import broken, trouble
from api.portal.language import CODES
from vault.crypto.tokens import well_formed
from vault.errors import VaultError
from vault.services.sign_in import FORM

_log: Final = structlog.get_logger("myspace.portal")


class PageRoute(APIRoute):
    """Gives a request its form token, and turns whatever goes wrong into a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            found = await wired(request)
            kept = request.cookies.get(found.cookie(FORM_COOKIE), "")
            known = well_formed(kept, prefix=FORM)
            request.state.form_token = kept if known else found.vault.secrets.mint(FORM)
            seen = await visit(request, found)
            try:
                response = await handle(request)
            except (VaultError, HTTPException, RequestValidationError) as error:
                response = trouble(error, seen)
            except Exception:  # noqa: BLE001 - a bug: the reader gets a number, the log the rest
                _log.exception("failed", id=correlation_id(), path=self.path)
                response = broken(seen)
            # A form from elsewhere comes without cookies; it must not replace the real token.
            if not known and request.method == "GET":
                set_cookie(response, wired=found, name=FORM_COOKIE, value=seen.token)
            if request.query_params.get("lang") in CODES:
                keep_language(response, wired=found, language=seen.language)
            return response

        return guarded
