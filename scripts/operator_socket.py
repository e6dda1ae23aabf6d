"""The operator's verbs beside a running server: a Unix socket in the data folder, mode 0600.

One request and one answer a connection, each a line of JSON. A verb that writes goes to the
server that has the journal open; only without one does the command line open the vault itself.
Whoever may connect owns the data folder anyway; the peer is checked all the same.
"""

import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from api.consent_page import Text
from scripts.outcomes import Exit, OperatorError, Told, told_of
from vault.errors import VaultError

MAX_LINE_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 30
POLL_SECONDS: Final = 0.05
"""How soon the server notices that it shall stop."""

Plain = Mapping[str, Any]
Verb = Callable[[Plain], Plain]
"""Takes arguments and gives a result, both plain JSON; raises ``VaultError``."""

_GONE: Final = (ConnectionError, TimeoutError)
_PEER: Final = struct.Struct("3i")


class _Handler(socketserver.StreamRequestHandler):
    timeout = TIMEOUT_SECONDS
    server: "_Server"

    def handle(self) -> None:
        """Answer one request."""
        if self.server.foreign(self.connection):
            return
        line = b""
        with suppress(*_GONE):
            line = self.rfile.readline(MAX_LINE_BYTES + 1)
        if not line:
            return  # Somebody only looked whether a server is here.
        answer = json.dumps(self.server.answer(line)).encode()
        with suppress(*_GONE):
            self.wfile.write(answer + b"\n")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, address: str, verbs: Mapping[str, Verb]) -> None:
        super().__init__(address, _Handler, bind_and_activate=False)
        self._verbs = verbs
        self.server_bind()
        os.chmod(address, 0o600)  # noqa: PTH101 - the address may be a path below /proc
        self.server_activate()

    def answer(self, line: bytes) -> Plain:
        try:
            asked = json.loads(line)
            verb, arguments = self._verbs[asked["verb"]], asked["arguments"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return _spoken(_MALFORMED)
        try:
            return {"result": verb(arguments)}
        except VaultError as error:
            return _spoken(told_of(error))

    def foreign(self, connection: socket.socket) -> bool:
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        _pid, uid, _gid = _PEER.unpack(peer)
        return uid not in {0, os.geteuid()}


_MALFORMED: Final = Told(
    text=Text(
        "服务器不认识这个命令。请使用与服务器同一版本的 myspace。",
        "The server does not know this verb. Use the myspace of the server's own version.",
    ),
    code=Exit.USAGE,
)


@contextmanager
def listening(path: Path, verbs: Mapping[str, Verb]) -> Iterator[None]:
    """Take the operator's verbs at ``path`` while the block runs.

    Raises:
        OperatorError: Another server has this data folder.
    """
    if somebody(path):
        raise OperatorError(
            "已有一个服务正在使用这个数据文件夹。请先停止它，或用 --data 指定另一个文件夹。",
            "Another server uses this data folder. Stop it, or name another folder with --data.",
            code=Exit.UNAVAILABLE,
        )
    path.unlink(missing_ok=True)  # Left behind by a server that was killed.
    with _address(path) as address, _Server(address, verbs) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(POLL_SECONDS,), name="operator", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            path.unlink(missing_ok=True)


def ask(path: Path, verb: str, arguments: Plain) -> Plain | None:
    """Hand a verb to the server at ``path``; ``None`` where there is none.

    Raises:
        OperatorError: The server refused; it says what to do.
    """
    with _address(path) as address, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        line = json.dumps({"verb": verb, "arguments": dict(arguments)}).encode()
        connection.sendall(line + b"\n")
        with connection.makefile("rb") as file:
            answer: Plain = json.loads(file.readline(MAX_LINE_BYTES) or b"{}")
    if "result" in answer:
        result: Plain = answer["result"]
        return result
    told = answer.get("told", {"zh": "服务器没有回答。", "en": "The server did not answer."})
    raise OperatorError(
        told["zh"], told["en"], code=Exit(answer.get("code", Exit.TEMPORARY.value))
    )


def _spoken(told: Told) -> Plain:
    return {"told": {"zh": told.text.zh, "en": told.text.en}, "code": told.code.value}


def somebody(path: Path) -> bool:
    """Say whether a server listens at ``path``."""
    with _address(path) as address, socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
        except OSError:
            return False
        return True


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Name the socket by its open folder: an address has room for some 100 characters only."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield str(path)
        return
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
