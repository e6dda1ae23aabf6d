"""Another process on the same vault, with lines to its threads.

It wires the deployment for itself. Each line leads to one thread there, which does what it is
asked, one thing after the other, and says what came of it and when; times are of the one
monotonic clock of the machine. ``tests.support.second_main`` is what runs there.
"""

import copyreg
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.support.tree import ROOT

READY: Final = "ready"
STOP_SECONDS: Final = 30.0


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


copyreg.pickle(MappingProxyType, lambda view: (_view, (dict(view),)))  # A consent has one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of one thing.

    Attributes:
        index: Of its entry; ``None`` where it failed, or has none.
        error: Name of the error's class; empty where it succeeded.
        value: What else it came to.
    """

    invoked_at: int
    answered_at: int
    index: int | None = None
    error: str = ""
    value: Any = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.answered_at - self.invoked_at) / 1e9


class Line:
    """A line to one thread of such a process."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        """Speak over ``connection``."""
        self._connection = connection

    def ask(self, act: str, *values: object, after: float = 0.0) -> Said:
        """Let it do one thing, ``after`` so many seconds, and wait for what comes of it."""
        self.begin(act, *values, after=after)
        return self.end()

    def begin(self, act: str, *values: object, after: float = 0.0) -> None:
        """Let it begin."""
        self._connection.send((act, values, after))

    def end(self) -> Said:
        """Wait for what came of it.

        Raises:
            EOFError: The process has ended.
        """
        said: Said = self._connection.recv()
        return said

    def close(self) -> None:
        """Hang up; its thread ends."""
        self._connection.close()


class SecondProcess:
    """Such a process, which serves."""

    def __init__(self, child: "subprocess.Popen[bytes]", lines: Sequence[Line]) -> None:
        self._child = child
        self.lines: Final = tuple(lines)

    @property
    def pid(self) -> int:
        """Return its id."""
        return self._child.pid

    def kill(self) -> None:
        """End it at once."""
        self._child.kill()
        self._child.wait()

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._child.send_signal(number)


@contextmanager
def second_process(folder: Path, *, threads: int) -> Iterator[SecondProcess]:
    """Run such a process while the block runs, with a line to each of its threads."""
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(threads)]
        theirs = [there.fileno() for _, there in pairs]
        errors = stack.enter_context((folder / "second.log").open("ab"))
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.support.second_main", folder, *map(str, theirs)],
            cwd=ROOT,
            pass_fds=theirs,
            stderr=errors,
        )
        for _, there in pairs:
            there.close()
        lines = [Line(Connection(here.detach())) for here, _ in pairs]
        stack.callback(_end, child, lines)
        for line in lines:
            line.end()
        yield SecondProcess(child, lines)


def _end(child: "subprocess.Popen[bytes]", lines: Sequence[Line]) -> None:
    for line in lines:
        line.close()
    try:
        child.wait(STOP_SECONDS)
    finally:
        child.kill()
        child.wait()
