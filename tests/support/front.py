"""A front before the object store, which can be away, lose replies, or strike somebody dead."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto

HOST = "127.0.0.1"
_BUSY = b"<Error><Code>ServiceUnavailable</Code><Message>later</Message></Error>"


class Does(Enum):
    """What the front does with one request."""

    PASS = auto()
    BUSY = auto()
    """It answers 503 itself; the store never hears of it."""
    BUSY_PLAINLY = auto()
    """The same, as a proxy does it: a page, no XML."""
    LOSE_REPLY = auto()
    """The store does it, and the connection breaks before the reply."""
    HALF_REPLY = auto()
    """The reply breaks off in the middle."""
    REDIRECT = auto()
    """It sends to somewhere else."""
    BROKEN_HEADERS = auto()
    """The store does it, and one header of the reply is none."""


@dataclass(frozen=True)
class Request:
    """What is asked, without its body."""

    method: str
    target: str

    @property
    def step(self) -> str:
        """Which step of a write or read this is."""
        uploads = re.search(r"[?&](uploads|partNumber|uploadId)=", self.target)
        return f"{self.method} {uploads[1]}" if uploads else self.method


Rule = Callable[[Request], Does]


@dataclass
class Front:
    """Stands between; ``rule`` may be changed at any time.

    Attributes:
        steps: What was asked, in order.
        after: Called when the store has done what was asked, before the reply goes out.
    """

    port: int
    rule: Rule = lambda _: Does.PASS
    after: Callable[[Request], None] = lambda _: None
    steps: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"{HOST}:{self.port}"


@contextmanager
def front(store_port: int) -> Iterator[Front]:
    """Stand before the store at ``store_port`` while the block runs."""
    with closing(socket.create_server((HOST, 0))) as listening:
        opened = Front(listening.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):  # Closed at the end.
                while True:
                    client, _ = listening.accept()
                    threading.Thread(
                        target=_serve, args=(client, opened, store_port), daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield opened
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(client: socket.socket, opened: Front, store_port: int) -> None:
    """Answer one request, then close: the client opens a new connection for the next."""
    with closing(client), suppress(OSError):
        head, body = _request(client)
        if not head:
            return
        method, target, _ = head.split(b" ", 2)
        asked = Request(method.decode(), target.decode())
        does = opened.rule(asked)
        opened.steps.append(asked.step)
        match does:
            case Does.BUSY:
                client.sendall(_answer(b"503 Busy", _BUSY, kind=b"application/xml"))
            case Does.BUSY_PLAINLY:
                client.sendall(_answer(b"503 Busy", b"<html>", kind=b"text/html"))
            case Does.REDIRECT:
                client.sendall(
                    b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:9/\r\n"
                    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
            case Does.BROKEN_HEADERS:
                reply = _forwarded(head, body, store_port)
                client.sendall(reply.replace(b"\r\n", b"\r\nno header\r\n", 1))
            case Does.PASS | Does.LOSE_REPLY | Does.HALF_REPLY:
                reply = _forwarded(head, body, store_port)
                opened.after(asked)
                if does is not Does.LOSE_REPLY:
                    client.sendall(reply if does is Does.PASS else reply[: len(reply) // 2])


def _request(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65_536)
        if not piece:
            return b"", b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    body = bytearray(rest)
    while len(body) < int(length[1] if length else 0):
        body += client.recv(1 << 20)
    return head, bytes(body)


def _forwarded(head: bytes, body: bytes, store_port: int) -> bytes:
    """Return the store's whole reply; it hears the name by which the client knows the front."""
    with closing(socket.create_connection((HOST, store_port))) as store:
        store.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
        return b"".join(iter(lambda: store.recv(1 << 20), b""))


def _answer(status: bytes, body: bytes, *, kind: bytes) -> bytes:
    return (
        b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        % (status, kind, len(body), body)
    )
