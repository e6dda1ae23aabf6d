"""Routes of the portal: pages for people, in two languages, that work without scripts."""

from collections.abc import Callable, Coroutine, Iterable
from itertools import chain
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.portal import (
    accesses,
    completeness,
    confirm,
    consent,
    consents,
    developer,
    home,
    leaving,
    mandates,
    passkeys,
    records,
    sign_in,
    window,
)
from api.portal.route import PageRoute
from api.portal.static_files import PREFIX, serve_static
from vault.errors import NotFoundError

VERBS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
WRONG_VERB: Final = 405


def portal_router() -> APIRouter:
    """Return the routes; what they work with is on the application (``api.deps.Wired``)."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    holders = (
        home,
        sign_in,
        leaving,
        records,
        consents,
        accesses,
        completeness,
        consent,
        mandates,
    )
    pages = (*holders, passkeys, confirm, developer, window)
    parts = [part.router for part in pages]
    for part in parts:
        router.include_router(part)
    router.add_api_route(PREFIX + "{name}", static, methods=["GET"], route_class_override=APIRoute)
    for path, verbs in _taken(parts).items():
        others = [verb for verb in VERBS if verb not in verbs]
        router.add_api_route(path, _other_verb(verbs), methods=others)
    for rest in ("/space/{rest:path}", "/developer/{rest:path}"):
        router.add_api_route(rest, nowhere, methods=list(VERBS))
    return router


def static(
    name: str,
    v: Annotated[str, Query(max_length=16)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return the style sheet, a drawing or the script."""
    return serve_static(name, digest=v, known=if_none_match)


async def nowhere() -> Response:
    """Tell that there is no such page."""
    raise NotFoundError("no such page")


def _taken(parts: Iterable[APIRouter]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in chain.from_iterable(part.routes for part in parts):
        if isinstance(route, APIRoute):
            found.setdefault(route.path, set()).update(route.methods or ())
    return found


def _other_verb(allowed: set[str]) -> Callable[[], Coroutine[Any, Any, Response]]:
    async def other_verb() -> Response:
        raise HTTPException(WRONG_VERB, headers={"Allow": ", ".join(sorted(allowed))})

    return other_verb
