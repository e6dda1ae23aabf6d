"""Runs the application under uvicorn: one port, held from the very start, and a clean stop."""

import logging
import signal
import socket
import sys
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI

from scripts.outcomes import Exit, OperatorError

HOST: Final = "127.0.0.1"
BACKLOG: Final = 512
STOP_SECONDS: Final = 10
"""How long requests may go on after the signal to stop."""


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
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
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


def run(app: FastAPI, *, on: socket.socket) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; then let requests finish, and return."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
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


def _noted(_signal: int, _frame: FrameType | None) -> None:
    """Take the signal that the server hands on after it has stopped: we are leaving already."""
