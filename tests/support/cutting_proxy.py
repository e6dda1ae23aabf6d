"""A proxy between program and database server that cuts a connection at its COMMIT.

It reads what the program says just so far as it must: after the first messages of a connection,
which have no kind, each has one byte of kind and four of length.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import Final

from scripts.local.process import HOST

_COMMIT: Final = b"COMMIT\0"
_QUERY: Final = b"Q"
_ENCRYPTION: Final = {struct.pack("!I", 80877103), struct.pack("!I", 80877104)}
_HEADER: Final = 5
_CHUNK: Final = 65536


class Cut(Enum):
    """Where a connection is cut, once."""

    NEVER = auto()
    BEFORE = auto()
    """The server never gets the COMMIT."""
    AFTER = auto()
    """The server gets it and answers; the answer is thrown away."""


class CuttingProxy:
    """Forwards connections to a port of this machine.

    Attributes:
        port: At which it listens.
        cuts: How many connections it cut.
    """

    def __init__(self, target: int) -> None:
        """Listen, and forward to ``target``."""
        self._target = target
        self._listening = socket.create_server((HOST, 0))
        self.port: Final[int] = self._listening.getsockname()[1]
        self.cuts = 0
        self._next = Cut.NEVER
        self._away = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._then_away = False

    def cut(self, where: Cut, *, then_away: bool = False) -> None:
        """Cut the next connection that says COMMIT; ``then_away`` also refuse all later ones."""
        self._next, self._then_away = where, then_away

    def come_back(self) -> None:
        """Take connections again."""
        self._away.clear()

    def go_away(self) -> None:
        """Cut every connection, and refuse later ones."""
        self._away.set()
        for pair in self._pairs:
            _hang_up(*pair)

    def run(self) -> None:
        """Take connections until it is closed."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._away.is_set():
                client.close()
                continue
            try:
                server = socket.create_connection((HOST, self._target))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            for run in (self._ask, self._answer):
                threading.Thread(target=run, args=(client, server), daemon=True).start()

    def close(self) -> None:
        """Stop listening, and cut what is connected."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for pair in self._pairs:
            _hang_up(*pair)
            for one in pair:
                one.close()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """Forward what the program says, message by message."""
        with suppress(OSError):
            asks_for_encryption = True
            while asks_for_encryption:  # The server says no; then it begins in earnest.
                length = _exactly(client, 4)
                first = _exactly(client, struct.unpack("!I", length)[0] - 4)
                server.sendall(length + first)
                asks_for_encryption = first in _ENCRYPTION
            while True:
                header = _exactly(client, _HEADER)
                body = _exactly(client, struct.unpack("!I", header[1:])[0] - 4)
                if header[:1] == _QUERY and body == _COMMIT and self._next is not Cut.NEVER:
                    self._cut_here(client, server, header + body)
                    return
                server.sendall(header + body)
        _hang_up(client, server)

    def _cut_here(self, client: socket.socket, server: socket.socket, message: bytes) -> None:
        where, self._next = self._next, Cut.NEVER
        if self._then_away:
            self._away.set()
        client.shutdown(socket.SHUT_WR)  # The program hears no answer from now on.
        if where is Cut.AFTER:
            server.sendall(message)
        self.cuts += 1
        server.shutdown(socket.SHUT_WR)
        if self._then_away:
            self.go_away()

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while heard := server.recv(_CHUNK):
                with suppress(OSError):  # Where it was cut nobody listens any more.
                    client.sendall(heard)
        _hang_up(client, server)


@contextmanager
def cutting_proxy(target: int) -> Iterator[CuttingProxy]:
    """Run a proxy to ``target`` while the block runs."""
    proxy = CuttingProxy(target)
    thread = threading.Thread(target=proxy.run)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def _exactly(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = source.recv(count - len(found))
        if not more:
            raise ConnectionResetError
        found += more
    return found


def _hang_up(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
