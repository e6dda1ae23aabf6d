"""``/log``: what anybody may read of the journal, to check that it only ever grows.

Public, without cookies, and cacheable: a tile never changes under its name (journal.md 11).
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from api.deps import WiredDep
from api.openapi import PUBLIC
from api.routers.answers import problems
from api.routers.strict import StrictRoute
from vault.errors import InvalidInputError, NotFoundError
from vault.journal.plain import base64_text
from vault.journal.tiles import parse_tile_path
from vault.services.log_keys import verifier_keys

router = APIRouter(prefix="/log", tags=["log"], route_class=StrictRoute)

TILE_TYPE: Final = "application/octet-stream"
NOW: Final = {"Cache-Control": "public, max-age=1"}
A_WHILE: Final = {"Cache-Control": "public, max-age=300"}
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
LOG_PROBLEMS: Final = problems(404, 422, 500, 503)
MAX_SIZE: Final = 2**48 - 1

_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {TILE_TYPE: {"schema": {"type": "string"}}}}
}


@router.get(
    "/checkpoint",
    response_class=PlainTextResponse,
    responses=LOG_PROBLEMS,
    openapi_extra=PUBLIC,
)
def read_checkpoint(wired: WiredDep) -> PlainTextResponse:
    """Return the signed head (C2SP tlog-checkpoint)."""
    return PlainTextResponse(wired.vault.log.checkpoint(), headers=NOW)


@router.get(
    "/tile/{path:path}",
    response_class=Response,
    responses=LOG_PROBLEMS | _TILE,
    openapi_extra=PUBLIC,
)
def read_tile(
    path: Annotated[
        str, Path(max_length=64, description="<L>/<N>[.p/<W>] or entries/<N>[.p/<W>]")
    ],
    wired: WiredDep,
) -> Response:
    """Return a tile of hashes, or a bundle of entries (C2SP tlog-tiles)."""
    try:
        tile = parse_tile_path(f"tile/{path}")
    except InvalidInputError as error:
        raise NotFoundError("the log has no such tile") from error
    return Response(wired.vault.log.tile(tile), media_type=TILE_TYPE, headers=FOR_EVER)


@router.get(
    "/keys", response_class=PlainTextResponse, responses=LOG_PROBLEMS, openapi_extra=PUBLIC
)
def read_keys(wired: WiredDep) -> PlainTextResponse:
    """Return the verifier keys of the checkpoints, one a line, the newest first."""
    lines = "".join(f"{key}\n" for key in verifier_keys(wired.vault))
    return PlainTextResponse(lines, headers=A_WHILE)


@router.get(
    "/proof/consistency",
    response_class=PlainTextResponse,
    responses=LOG_PROBLEMS,
    openapi_extra=PUBLIC,
)
def prove_consistency(
    old: Annotated[int, Query(alias="from", ge=0, le=MAX_SIZE)],
    new: Annotated[int, Query(alias="to", ge=0, le=MAX_SIZE)],
    wired: WiredDep,
) -> PlainTextResponse:
    """Return the proof that the smaller tree begins the larger one: base64, a hash a line."""
    path = wired.vault.log.consistency(old, new)
    return PlainTextResponse("".join(f"{base64_text(one)}\n" for one in path), headers=FOR_EVER)
