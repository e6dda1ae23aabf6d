"""``/healthz`` says that the process runs; ``/readyz`` that it can keep its promise."""

from fastapi import APIRouter, Response

from api.deps import WiredDep
from api.openapi import PUBLIC

router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    openapi_extra=PUBLIC,
)
async def healthz() -> Response:
    """Say that this process answers; needs no thread and no database."""
    return Response("ok\n", media_type="text/plain")


@router.get(
    "/readyz",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, 503: {"content": {"text/plain": {}}}},
    openapi_extra=PUBLIC,
)
async def readyz(wired: WiredDep) -> Response:
    """Say whether the journal takes entries: without it nothing is released or changed.

    A line for each witness that does not sign follows; without them all else goes on.
    """
    watch = wired.vault.watch
    troubles = "".join(f"witness {line}\n" for line in (watch.troubles() if watch else ()))
    if wired.serving():
        return Response(f"ready\n{troubles}", media_type="text/plain")
    body = f"the journal does not take entries\n{troubles}"
    return Response(body, 503, media_type="text/plain")
