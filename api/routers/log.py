"""``/log``: what anybody may read of the journal, to check that it only ever grows.

Public, without cookies, and cacheable: a tile never changes under its name (journal.md 11).
``/log/…`` is log 0; every log, also that one, is ``/log/<year>[/<number>]/…`` as well.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse

from api.deps import WiredDep
from api.openapi import PUBLIC
from api.routers.answers import problems
from api.routers.strict import StrictRoute
from vault.errors import InvalidInputError, NotFoundError
from vault.journal.plain import base64_text
from vault.journal.public import PublicLog
from vault.journal.tiles import parse_tile_path
from vault.services.log_keys import verifier_keys

TILE_TYPE: Final = "application/octet-stream"
NOW: Final = {"Cache-Control": "public, max-age=1"}
A_WHILE: Final = {"Cache-Control": "public, max-age=300"}
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
LOG_PROBLEMS: Final = problems(404, 422, 500, 503)
MAX_SIZE: Final = 2**48 - 1

_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {TILE_TYPE: {"schema": {"type": "string"}}}}
}

Year = Annotated[int, Path(ge=2000, le=9999, description="when the log was opened")]
Number = Annotated[int, Path(ge=1, le=65535, description="number of the log, beside log 0")]
TilePath = Annotated[
    str, Path(max_length=64, description="<L>/<N>[.p/<W>] or entries/<N>[.p/<W>]")
]


def _current(wired: WiredDep) -> PublicLog:
    return wired.vault.logs[0]


def _of_year(wired: WiredDep, year: Year) -> PublicLog:
    return _named(wired, f"/log/{year}")


def _numbered(wired: WiredDep, year: Year, number: Number) -> PublicLog:
    return _named(wired, f"/log/{year}/{number}")


def _named(wired: WiredDep, end: str) -> PublicLog:
    for log in wired.vault.logs:
        if log.origin.endswith(end):
            return log
    raise NotFoundError("there is no such log")


def _routes(prefix: str, chosen: Callable[..., PublicLog]) -> APIRouter:
    """Return what can be read of the log that ``chosen`` finds."""
    router = APIRouter(prefix=prefix, tags=["log"], route_class=StrictRoute)
    log_of = Depends(chosen)

    @router.get("/checkpoint", **_answering(PlainTextResponse))
    def read_checkpoint(log: Annotated[PublicLog, log_of], wired: WiredDep) -> PlainTextResponse:
        """Return the signed head (C2SP tlog-checkpoint)."""
        return PlainTextResponse(wired.shown(wired.vault.logs.index(log)), headers=NOW)

    @router.get("/tile/{path:path}", **_answering(Response, _TILE))
    def read_tile(path: TilePath, log: Annotated[PublicLog, log_of]) -> Response:
        """Return a tile of hashes, or a bundle of entries (C2SP tlog-tiles)."""
        try:
            tile = parse_tile_path(f"tile/{path}")
        except InvalidInputError as error:
            raise NotFoundError("the log has no such tile") from error
        return Response(log.tile(tile), media_type=TILE_TYPE, headers=FOR_EVER)

    @router.get("/keys", **_answering(PlainTextResponse))
    def read_keys(log: Annotated[PublicLog, log_of], wired: WiredDep) -> PlainTextResponse:
        """Return the verifier keys of the checkpoints, one a line: Ed25519, then ML-DSA-44."""
        lines = "".join(f"{key}\n" for key in verifier_keys(wired.vault, log))
        return PlainTextResponse(lines, headers=A_WHILE)

    @router.get("/proof/consistency", **_answering(PlainTextResponse))
    def prove_consistency(
        old: Annotated[int, Query(alias="from", ge=0, le=MAX_SIZE)],
        new: Annotated[int, Query(alias="to", ge=0, le=MAX_SIZE)],
        log: Annotated[PublicLog, log_of],
    ) -> PlainTextResponse:
        """Return the proof that the smaller tree begins the larger one: base64, a hash a line."""
        lines = "".join(f"{base64_text(one)}\n" for one in log.consistency(old, new))
        return PlainTextResponse(lines, headers=FOR_EVER)

    return router


def _answering(
    kind: type[Response], more: Mapping[int | str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "response_class": kind,
        "responses": LOG_PROBLEMS | dict(more or {}),
        "openapi_extra": PUBLIC,
    }


router: Final = APIRouter()
for _part in (
    _routes("/log", _current),
    _routes("/log/{year}", _of_year),
    _routes("/log/{year}/{number}", _numbered),
):
    router.include_router(_part)
