"""The application: made by a factory, wired when it starts, unwired when it stops.

Nothing happens on import; two applications in one process do not know of each other.
"""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.deps import ChallengeError, challenged, ended, replayed
from api.middleware import BodyLimits, Guard
from api.oauth.router import oauth_router
from api.openapi import Application
from api.portal.router import portal_router
from api.problems import http_problem, malformed_problem, unknown_problem, vault_problem
from api.proxies import Proxies
from api.refusals import told
from api.routers import (
    cases,
    demands,
    evidence,
    health,
    items,
    journal_key,
    log,
    me,
    receipts,
    records,
    use_receipts,
)
from api.settings import Settings
from api.wiring import Wired, wire
from vault.errors import ReplayedError, TokenEndedError, VaultError

GARBAGE: Final = 20_000
"""New objects between two looks for cycles: a request makes thousands, and hardly a cycle."""

MULTIPART_ROOM: Final = 2**20
"""What a form needs beside its files."""


def create_app(
    settings: Settings,
    *,
    wiring: Callable[[Settings], AbstractContextManager[Wired]] = wire,
) -> FastAPI:
    """Return the application for ``settings``; it opens the vault when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = (
            settings.limits.request_threads
        )
        with wiring(settings) as wired:
            app.state.wired = wired
            gc.collect()
            gc.freeze()  # What is alive now stays: the collector need not look at it again.
            gc.set_threshold(GARBAGE)
            yield

    app = Application(
        title="MySpace Vault 我的空间",
        version="1",
        description="Evidence released only if permitted, logged and provable.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(
        Guard,
        limits=BodyLimits(
            plain=settings.limits.max_json_bytes,
            upload=settings.limits.max_file_bytes + MULTIPART_ROOM,
        ),
        https=settings.secure,
        failed=unknown_problem,
        refused=told,
    )
    app.add_middleware(  # Around the guard: what it logs and counts is as a proxy said it.
        Proxies, trusted=settings.proxies, certificates=settings.mtls is not None
    )
    app.add_exception_handler(VaultError, vault_problem)
    app.add_exception_handler(ChallengeError, challenged)
    app.add_exception_handler(TokenEndedError, ended)
    app.add_exception_handler(ReplayedError, replayed)
    app.add_exception_handler(RequestValidationError, malformed_problem)
    app.add_exception_handler(HTTPException, http_problem)
    # What departments' systems ask for all day is tried first, and stands in the application
    # itself: an included router is searched twice (ADR 0044).
    for router in (evidence.router, oauth_router()):
        app.router.routes.extend(router.routes)
    for part in (
        records,
        cases,
        items,
        me,
        receipts,
        use_receipts,
        demands,
        journal_key,
        log,
        health,
    ):
        app.include_router(part.router)
    app.include_router(portal_router())
    return app
