"""A child process: started with a log, waited for, stopped by its id, and never an orphan.

A program that is killed cannot tidy up after itself, so the kernel does it (PR_SET_PDEATHSIG).
The kernel means the *thread* that started the child: start children from a thread that stays,
or they end with it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from scripts.outcomes import Exit, OperatorError

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 0.01
TAIL_BYTES: Final = 2000

MYSPACE: Final = (sys.executable, "-c", "from scripts.cli import main; main()")
"""How our own program is started, whether or not it is on ``PATH``."""

# A launcher, because code between fork and exec of a program with threads can hang for ever.
# The death signal is set last: the kernel forgets it when the user changes (prctl(2)).
_LAUNCHER: Final = """
import ctypes, os, sys
parent, number, user, group, *command = sys.argv[1:]
if int(user) >= 0:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(number), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the parent has ended already")
os.execv(command[0], command)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a child runs as."""

    user: int
    group: int


class Process:
    """A child that was started.

    Attributes:
        pid: Its id, which is nobody else's until it has been stopped or waited for.
        name: What to call it in front of people.
        log: File with what it writes to standard output and standard error.
    """

    def __init__(self, child: "subprocess.Popen[bytes]", *, name: str, log: Path) -> None:
        """Take over ``child``."""
        self._child = child
        self.pid: Final = child.pid
        self.name: Final = name
        self.log: Final = log

    @classmethod
    def start(
        cls,
        command: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: Account | None = None,
        orphaned: signal.Signals = signal.SIGKILL,
    ) -> Self:
        """Start ``command``, in a process group of its own: Ctrl-C is for its parent to handle.

        Args:
            command: Absolute path of the program, and its arguments.
            name: What to call it in front of people.
            log: Appended to; made with mode 0600.
            environment: All of it; by default only what a program needs to find its language.
            account: Whom to run as, if not as ourselves; only root may say so.
            orphaned: What the kernel sends it when we end.
        """
        number = account or Account(user=-1, group=-1)
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
        launcher += map(str, (os.getpid(), int(orphaned), number.user, number.group))
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW
        with os.fdopen(os.open(log, flags, 0o600), "ab") as output:
            child = subprocess.Popen(  # noqa: S603 - a program that our own code names
                [*launcher, *map(str, command)],
                env=dict(environment or plain_environment()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        return cls(child, name=name, log=log)

    @property
    def alive(self) -> bool:
        """Tell whether it has not ended."""
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
        """Wait until ``ready`` is true.

        Raises:
            OperatorError: It ended before, or ``seconds`` are over; with the end of its log.
        """

        def ready_or_ended() -> bool:
            return ready() or not self.alive

        if not became(ready_or_ended, seconds=seconds):
            raise self._failed(f"was not ready within {seconds:.0f} s")
        if not self.alive:
            raise self._failed(f"ended with status {self._child.returncode}")

    def send(self, number: signal.Signals) -> None:
        """Send it ``number``; one that has ended gets nothing."""
        self._child.send_signal(number)

    def stop(
        self, number: signal.Signals = signal.SIGTERM, *, seconds: float = STOP_SECONDS
    ) -> int:
        """Ask it to end, then make it; return its exit status, negative for a signal."""
        self._child.send_signal(number)
        self._child.send_signal(signal.SIGCONT)  # One that is paused hears nothing.
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()

    def __enter__(self) -> Self:
        """Stop it at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _failed(self, what: str) -> OperatorError:
        end = tail(self.log)
        return OperatorError(
            f"{self.name} 没有启动。其日志的末尾是：\n{end}",
            f"{self.name} {what}. The end of its log:\n{end}",
            code=Exit.UNAVAILABLE,
        )


@contextmanager
def started(
    command: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    ready: Callable[[], bool],
) -> Iterator[Process]:
    """Run ``command`` until the end of the block, from when ``ready`` is true."""
    with Process.start(command, name=name, log=log) as process:
        process.wait_until(ready)
        yield process


def became(true: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until something is true; tell whether it became so within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def plain_environment() -> dict[str, str]:
    """Return an environment without anybody's secrets or preferences."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody held a moment ago.

    Somebody else may take it before it is used; who starts a server there sees it end, and says
    so with its log.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.bind((HOST, 0))
        port: int = held.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Tell whether somebody listens at ``port`` of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
        asking.settimeout(1)
        return asking.connect_ex((HOST, port)) == 0


def tail(log: Path) -> str:
    """Return the end of a log."""
    return log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace").strip()
