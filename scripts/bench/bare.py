"""The unit: a FastAPI endpoint that returns a small JSON, served as the vault is served."""

import socket
import sys
import threading
from typing import Final

from fastapi import FastAPI

from scripts.serving import log_as_json, run

TARGET: Final = "/bare"


def bare_app() -> FastAPI:
    """Return an application with one endpoint that does nothing."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get(TARGET)
    async def bare() -> dict[str, str]:
        return {"answer": "nothing was asked for"}

    return app


if __name__ == "__main__":
    log_as_json()
    run(bare_app(), on=socket.socket(fileno=int(sys.argv[1])), leaving=threading.Event())
