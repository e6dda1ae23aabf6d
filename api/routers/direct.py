"""A route that reads its request itself: the one that stands before every pull.

FastAPI's solving of dependencies costs more than reading the record (ADR 0027). The signature of
the endpoint still makes the OpenAPI document, and the tests of that document hold the two
together; what it says about parameters is checked here, with the same words.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from api.routers.strict import MAX_SHOWN_CHARACTERS, TOKEN_PARAMETER, malformed
from policies.scopes import View

MAX_CODE_CHARACTERS: Final = 16
MAX_FIELDS_CHARACTERS: Final = 4096
FIELD_NAMES: Final = "^[a-z][a-z0-9_]{0,63}(,[a-z][a-z0-9_]{0,63}){0,99}$"

_FIELD_NAMES: Final = re.compile(FIELD_NAMES)
_VIEWS: Final = frozenset(view.label for view in View)
_KNOWN: Final = frozenset({"fields", "view", TOKEN_PARAMETER})

Pulling = Callable[[Request, str, str, str | None], Awaitable[Response]]
"""The endpoint: request, code, view, fields."""


class DirectRoute(APIRoute):
    """Parses code, view and fields, and calls the endpoint; everything else is FastAPI's."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] != "GET":
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        code = scope["path_params"]["code"]
        if len(code) > MAX_CODE_CHARACTERS:
            raise malformed("string_too_long", "path", "code")
        view, fields = _asked(scope["query_string"])
        endpoint: Any = self.endpoint
        pull: Pulling = endpoint
        response = await pull(request, code, view, fields)
        await response(scope, receive, send)


def _asked(query: bytes) -> tuple[str, str | None]:
    """Return the view and the fields that a query asks for.

    Raises:
        RequestValidationError: A parameter is unknown, repeated, or says nothing that is known.
    """
    if not query:
        return View.VERIFY.label, None
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = dict(pairs)
    for name in found:
        if name not in _KNOWN:
            raise malformed("extra_forbidden", "query", name[:MAX_SHOWN_CHARACTERS])
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise malformed("repeated", "query", next(n for n in names if names.count(n) > 1))
    view, fields = found.get("view", View.VERIFY.label), found.get("fields")
    if view not in _VIEWS:
        raise malformed("literal_error", "query", "view")
    if fields is not None and (
        len(fields) > MAX_FIELDS_CHARACTERS or _FIELD_NAMES.fullmatch(fields) is None
    ):
        raise malformed("string_pattern_mismatch", "query", "fields")
    return view, fields
