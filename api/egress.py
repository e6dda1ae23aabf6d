"""The only way out: one class calls addresses of clients and witnesses, and nothing else does.

A client registers its own, a witness's stands in the operator's policy; neither must lead into
our own network (server-side request forgery). The name is resolved once, every address that it
has is judged, and the connection is made to the very address that was judged, with the name for
TLS. Redirects are not followed, proxies of the environment are not used, and all of it takes two
seconds.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 2.0
MAX_ANSWER_BYTES: Final = 64 * 1024
MAX_URL_CHARACTERS: Final = 512
HTTPS_PORT: Final = 443

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses that a name has, as text."""

_UNICAST: Final = ip_network("2000::/3")
"""All IPv6 addresses that are given out to be reached; IPv4 ones lie inside of others, too."""
_RESERVED: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24")))
"""For protocols (RFC 6890), and for relays of old (RFC 7526)."""


class EgressError(Exception):
    """The call was not made, or not answered. The message is for the log and holds no secret.

    Attributes:
        final: Asking again would end alike: the address is refused.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        """Say why."""
        super().__init__(message)
        self.final = final


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A ``POST`` to a registered address.

    Attributes:
        bearer: Token for ``Authorization: Bearer``, or an empty string.
    """

    url: str
    body: bytes = field(repr=False)
    media_type: str
    bearer: str = field(default="", repr=False)


class Reply(NamedTuple):
    """What came back, as far as it is read."""

    status: int
    body: bytes
    media_type: str = ""


class _Target(NamedTuple):
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Makes calls. Safe to share between threads.

    Attributes:
        networks: Ranges that the operator allows although they are not public.
        ports: Besides 443.
        context: Verifies certificates and names.
        timeout: Seconds for everything: resolving, connecting, asking, reading.
    """

    context: ssl.SSLContext = field(repr=False)
    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()
    timeout: float = TIMEOUT_SECONDS
    resolve: Resolve = field(default_factory=lambda: resolved, repr=False)

    @classmethod
    def of(
        cls,
        *,
        networks: str | None = None,
        ports: str | None = None,
        ca_file: Path | None = None,
    ) -> Self:
        """Return a guard as the settings describe it.

        Args:
            networks: Allowed although not public, with commas between.
            ports: Allowed besides 443, with commas between.
            ca_file: Certificate authorities (PEM) in place of the machine's own.

        Raises:
            OSError: The file cannot be read.
            ValueError: A network or port is none.
        """
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return cls(
            context=context,
            networks=tuple(map(ip_network, _listed(networks))),
            ports=frozenset(map(int, _listed(ports))),
        )

    def post(self, call: Call) -> Reply:
        """Make a call; return the answer's status, whichever it is, and its first 64 KiB.

        Raises:
            EgressError: The address is refused, or nobody answered in time.
        """
        target = self._target(call.url)
        with _Deadline(self.timeout) as deadline:
            try:
                return self._exchange(call, target, deadline=deadline)
            except ssl.SSLError as error:
                raise EgressError("the TLS connection was not made") from error
            except (OSError, HTTPException, ValueError) as error:
                raise EgressError("nobody answered as it should be") from error

    def _target(self, url: str) -> _Target:
        """Return what an address names.

        Raises:
            EgressError: It is none that is called.
        """
        refused = EgressError("the address is not one that is called", final=True)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or HTTPS_PORT
        except ValueError as error:
            raise refused from error
        plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
        if not plain or len(url) > MAX_URL_CHARACTERS or parts.scheme != "https":
            raise refused
        if "@" in parts.netloc or "#" in url or not host or not _is_name(host):
            raise refused
        if port != HTTPS_PORT and port not in self.ports:
            raise EgressError("the port is not listed", final=True)
        query = f"?{parts.query}" if parts.query else ""
        return _Target(host=host, port=port, path=(parts.path or "/") + query)

    def _exchange(self, call: Call, target: _Target, *, deadline: "_Deadline") -> Reply:
        address = self._judged(target, deadline=deadline)
        headers = {"Content-Type": call.media_type, "Accept": "*/*", "Connection": "close"}
        if call.bearer:
            headers["Authorization"] = f"Bearer {call.bearer}"
        plain = socket.create_connection((str(address), target.port), timeout=self.timeout)
        with closing(deadline.guard(plain)):
            secure = self.context.wrap_socket(
                plain, server_hostname=target.host, do_handshake_on_connect=False
            )
            connection = HTTPConnection(target.host, target.port, timeout=self.timeout)
            connection.sock = secure  # It connects nowhere by itself.
            with closing(connection), closing(deadline.guard(secure)):
                secure.do_handshake()
                connection.request("POST", target.path, body=call.body, headers=headers)
                with connection.getresponse() as answer:
                    body = answer.read(MAX_ANSWER_BYTES)
                    deadline.check()  # What was cut off looks like an end.
                    return Reply(answer.status, body, answer.getheader("Content-Type", ""))

    def _judged(self, target: _Target, *, deadline: "_Deadline") -> Address:
        """Return the first address of a name, once all of them were judged.

        Raises:
            EgressError: There is none, or one of them is not called.
        """
        found = deadline.within(lambda: self.resolve(target.host, target.port))
        addresses = [ip_address(one) for one in found]
        if not addresses:
            raise EgressError("the name has no address")
        if not all(map(self.allows, addresses)):
            raise EgressError("the name leads to an address that is not called", final=True)
        return addresses[0]

    def allows(self, address: Address) -> bool:
        """Say whether an address is called: public, or in a range that the operator listed."""
        if _disguised(address):
            return False
        if any(address in network for network in self.networks):
            return True
        if isinstance(address, IPv6Address) and address not in _UNICAST:
            return False
        reserved = address.is_multicast or any(address in network for network in _RESERVED)
        return address.is_global and not reserved


class _Deadline:
    """Ends whatever is under way when the time is up: a slow answer too is late."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def guard(self, one: socket.socket) -> socket.socket:
        """Shut ``one`` down when the time is up."""
        with self._lock:
            self._sockets.append(one)
        self.check()
        return one

    def check(self) -> None:
        """Raise ``TimeoutError`` if the time is up."""
        with self._lock:
            over = self._over
        if over:
            raise TimeoutError

    def within(self, work: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Return what ``work`` does in a thread of its own, which is left alone if it is late.

        Raises:
            OSError: As ``work``, or the time is up.
        """
        done = Future[Sequence[str]]()

        def run() -> None:
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                done.set_exception(error)

        threading.Thread(target=run, name="resolver", daemon=True).start()
        return done.result(self._seconds)

    def _end(self) -> None:
        with self._lock:
            self._over = True
            for one in self._sockets:
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)  # TLS would first say goodbye.


def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the machine knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _listed(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _is_name(host: str) -> bool:
    """Say whether a host is a name, or an address in its one usual form.

    ``127.1``, ``0x7f000001`` and ``2130706433`` are addresses to resolvers, and look like names.
    """
    try:
        return str(ip_address(host)) == host
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return not (last.isdigit() or last.lower().startswith("0x"))


def _disguised(address: Address) -> bool:
    """Say whether an IPv6 address stands for an IPv4 one."""
    if isinstance(address, IPv4Address):
        return False
    return any((address.ipv4_mapped, address.sixtofour, address.teredo))
