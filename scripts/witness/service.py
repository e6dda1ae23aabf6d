"""The door of a witness: ``POST /add-checkpoint``, and nothing that shows what it has seen."""

from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.witness.folder import Witness
from vault.errors import StorageError
from vault.journal.witnessing import MAX_REQUEST_BYTES, SIZE_TYPE, Answer

PLAIN: Final = "text/plain; charset=utf-8"

_log = structlog.get_logger("myspace.witness")


def witness_app(witness: Witness) -> Starlette:
    """Return the application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_REQUEST_BYTES:
                return Response(status_code=413)
        try:
            text = body.decode()
            reply = await run_in_threadpool(witness.add_checkpoint, text)
        except UnicodeDecodeError:
            return Response(status_code=Answer.MALFORMED)
        except StorageError:
            _log.exception("nothing was signed")
            return Response(status_code=503)
        if reply.status != HTTPStatus.OK:
            _log.warning("not signed", status=int(reply.status), size=reply.size)
        if reply.size is not None:
            # Said by itself: the library would add a charset, and the type is exactly this.
            return Response(f"{reply.size}\n", reply.status, {"Content-Type": SIZE_TYPE})
        return Response(reply.line, reply.status, media_type=PLAIN)

    async def healthz(_request: Request) -> Response:
        return Response("ok\n", media_type=PLAIN)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/healthz", healthz),
        ]
    )
