"""What callers send, read strictly: one meaning for each request, or none.

JSON in which a key stands twice is read differently by different programs, and so is a query
parameter that is there twice; what nobody asked for is a misunderstanding (ASVS 1.5.3).
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, NoReturn

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

TOKEN_PARAMETER: Final = "access_token"  # noqa: S105 - a name; the token resolver refuses it
MAX_SHOWN_CHARACTERS: Final = 64


class StrictRequest(Request):
    """A request whose JSON has each key once."""

    async def json(self) -> Any:  # noqa: ANN401 - overrides
        """Return the body's value.

        Raises:
            json.JSONDecodeError: It is not strict JSON.
        """
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """Refuses unknown and repeated query parameters, and reads bodies strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()
        known = frozenset(_query_names(self.dependant)) | {TOKEN_PARAMETER}
        has_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if request.scope["query_string"]:
                _check_query(request, known=known)
            if has_body:
                return await handle(StrictRequest(request.scope, request.receive))
            return await handle(request)

        return strict


def read_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the value that ``data`` stands for.

    Raises:
        json.JSONDecodeError: It is not JSON in UTF-8, a key stands twice, a number is not
            finite, or it is nested too deeply.
    """
    try:
        return _DECODER.decode(data.decode())
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError("no strict JSON", "", 0) from error


def malformed(reason: str, *where: str) -> RequestValidationError:
    """Return the error for a request that does not fit; ``where`` names the part."""
    return RequestValidationError([{"type": reason, "loc": where, "msg": reason, "input": None}])


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (one.alias for one in dependant.query_params)
    for below in dependant.dependencies:
        yield from _query_names(below)


def _check_query(request: Request, *, known: frozenset[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        shown = name[:MAX_SHOWN_CHARACTERS]
        if name not in known:
            raise malformed("extra_forbidden", "query", shown)
        if names.count(name) > 1:
            raise malformed("repeated", "query", shown)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(_constant: str) -> NoReturn:
    raise ValueError("a number is not finite")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refused)
