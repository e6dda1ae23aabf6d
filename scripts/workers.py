"""Several processes behind one port: forked before anything is open, watched until they end.

One that ends by itself is started anew; one that never came to serve ends them all, since its
successor would fail alike. Whoever stops the parent stops them all, each after what it has
accepted; a parent that is killed takes them along.
"""

import ctypes
import os
import signal
import socket
import sys
import time
from typing import Final, NamedTuple

import structlog
import typer

PR_SET_PDEATHSIG: Final = 1
SETTLED_SECONDS: Final = 10.0
"""Who ends sooner than this after its start has something that a new start does not mend."""

SIGNALLED: Final = 128
"""Exit codes from here on tell the signal that ended a process, as shells say it."""

_WATCHED: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})

_log = structlog.get_logger("myspace.workers")


class _Worker(NamedTuple):
    number: int
    started_at: float


class _Forked(Exception):  # noqa: N818 - no error: how a child leaves the parent's loop
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def spread(count: int, *, on: socket.socket) -> int:
    """Fork ``count`` workers; return in each of them, with its number from 0 on.

    The parent does not return: it watches, and exits when all have ended.

    Args:
        count: How many.
        on: Where all of them listen. The parent closes it before it stops them: a connection
            must not wait at a port at which nobody answers any more.

    Raises:
        typer.Exit: In the parent, at the end; with the code of a worker that could not start.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    parent = os.getpid()
    try:
        code = _watch(count, on)
    except _Forked as forked:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _end_with(parent)
        return forked.number
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    raise typer.Exit(code)


def _watch(count: int, on: socket.socket) -> int:
    workers = {_fork(number): _Worker(number, time.monotonic()) for number in range(count)}
    code, stopping = 0, False
    while workers:
        if signal.sigwait(_WATCHED) != signal.SIGCHLD:
            stopping = True
            _stop(workers, on)
            continue
        for pid, status in _ended():
            ended = workers.pop(pid)
            if stopping:
                code = code or status
            elif _could_not_start(ended, status):
                code, stopping = status, True
                _stop(workers, on)
            else:
                _log.error("a worker ended and is started anew", number=ended.number, code=status)
                workers[_fork(ended.number)] = _Worker(ended.number, time.monotonic())
    return code


def _could_not_start(ended: _Worker, status: int) -> bool:
    """Say whether it gave up by itself, and soon; one that was killed would have gone on."""
    early = time.monotonic() - ended.started_at < SETTLED_SECONDS
    return early and 0 < status < SIGNALLED


def _fork(number: int) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        raise _Forked(number)
    return pid


def _ended() -> list[tuple[int, int]]:
    """Return id and exit code of every child that has ended by now."""
    ended = list[tuple[int, int]]()
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        code = os.waitstatus_to_exitcode(status)
        ended.append((pid, code if code >= 0 else SIGNALLED - code))


def _stop(workers: dict[int, _Worker], on: socket.socket) -> None:
    on.close()
    for pid in workers:  # Not yet waited for, so nobody else can have its id.
        os.kill(pid, signal.SIGTERM)


def _end_with(parent: int) -> None:
    """Ask the kernel to stop us when the parent is gone; it may be gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        raise typer.Exit(SIGNALLED + signal.SIGTERM)
