"""Runs the application under uvicorn: one port, held from the very start, and a clean stop."""

import asyncio
import io
import logging
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, TextIO, cast

import structlog
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scripts.outcomes import Exit, OperatorError

HOST: Final = "127.0.0.1"
BACKLOG: Final = 512
STOP_SECONDS: Final = 10
"""How long requests may go on after the signal to stop."""

KEEP_SECONDS: Final = 5
"""How long a connection without a request stays: longer than the proxy before us keeps it."""

LOOK_SECONDS: Final = 0.02


def claim_port(port: int, *, host: str = HOST) -> socket.socket:
    """Bind ``port`` of ``host``; 0 takes a free one. Nobody else can take it from now on.

    Raises:
        OperatorError: Somebody else has it, or we may not have it.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
        held.listen(BACKLOG)
    except OSError as error:
        held.close()
        raise OperatorError(
            f"{host} 的端口 {port} 已被占用或无权使用。请用 --port 换一个端口，"
            "或先停止占用它的程序。",
            f"Port {port} of {host} is in use or not ours to take. Choose another with --port, or "
            "stop the program that holds it.",
            code=Exit.UNAVAILABLE,
        ) from error
    return held


def log_as_json() -> None:
    """Write the log as JSON lines to standard error, from INFO on; libraries speak up at WARNING.

    Nothing personal gets into it: our own lines hold ids and codes, and the libraries' chatter
    about requests, which would hold more, is silenced.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Lossy(sys.stderr))),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("authlib", "requests", "urllib3", "uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Certificate(NamedTuple):
    """Two PEM files: a chain, and the key of its first certificate."""

    chain: Path
    key: Path


def run(
    app: ASGIApp,
    *,
    on: socket.socket,
    leaving: threading.Event,
    tls: Certificate | None = None,
) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; then let requests finish, and return.

    Args:
        app: What is served.
        on: Where; it is closed in the end.
        leaving: Set as soon as no new connection is taken.
        tls: What is shown to callers; without it a proxy before us has the certificate.
    """
    config = uvicorn.Config(
        _Parting(app, leaving=leaving),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # The application does it, and no variable of the library's own.
        log_config=None,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=None if tls is None else tls.chain,
        ssl_keyfile=None if tls is None else tls.key,
    )
    server = _Server(config, leaving=leaving)
    kept = {number: signal.signal(number, _noted) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[on])
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    if not server.started:
        raise OperatorError(
            "服务没有启动，原因见上面的日志。请改正后重试，或运行 myspace doctor。",
            "The service did not start; the log above says why. Mend it and try again, or run: "
            "myspace doctor",
            code=Exit.SOFTWARE,
        )


class _Lossy(io.TextIOBase):
    """Takes a line that cannot be written for written: work does not end with its log."""

    def __init__(self, to: TextIO) -> None:
        super().__init__()
        self._to = to

    def write(self, text: str) -> int:
        """Write ``text``, or lose it where the disk is full or the terminal gone."""
        with suppress(OSError, ValueError):
            self._to.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with suppress(OSError, ValueError):
            self._to.flush()


class _Parting:
    """Ends each connection with the answer that goes out on it, once we are leaving."""

    def __init__(self, app: ASGIApp, *, leaving: threading.Event) -> None:
        self._app, self._leaving = app, leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def parting(message: Message) -> None:
            if message["type"] == "http.response.start" and self._leaving.is_set():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, parting)


class _Server(uvicorn.Server):
    """Leaves without failing a request that somebody else's connection has brought already.

    The library hangs up on connections that have no request at that moment. A proxy that is just
    sending one there may not send it again elsewhere (RFC 9110 s. 9.2.2). So they stay until they
    have had an answer that says it is the last one, or until the proxy would have let them go.
    Whoever sits at the terminal does not wait for that.
    """

    def __init__(self, config: uvicorn.Config, *, leaving: threading.Event) -> None:
        super().__init__(config)
        self._leaving = leaving
        self._at_once = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal to stop."""
        self._at_once = self._at_once or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more, let go of those that are there, then stop."""
        self._leaving.set()
        for listening in self.servers:
            listening.close()
        for held in sockets or ():
            held.close()
        until = time.monotonic() + KEEP_SECONDS
        while self._waits_for_somebody(until):  # noqa: ASYNC110 - the library sets no event
            await asyncio.sleep(LOOK_SECONDS)
        await super().shutdown(sockets)

    def _waits_for_somebody(self, until: float) -> bool:
        here = bool(self.server_state.connections)
        return here and time.monotonic() < until and not self._at_once


def _noted(_signal: int, _frame: FrameType | None) -> None:
    """Take the signal that the server hands on after it has stopped: we are leaving already."""
