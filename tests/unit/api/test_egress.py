"""Calls go where a client registered, over TLS, to public addresses, and nowhere else."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from api.egress import MAX_ANSWER_BYTES, Call, Egress, EgressError, Reply, resolved
from tests.support.tls_server import NAME, TlsServer, says, tls_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    """Serve under the name of a client."""
    with tls_server(tmp_path) as found:
        yield found


def call(url: str, bearer: str = "") -> Call:
    return Call(url=url, body=b"logout_token=x", media_type="text/plain", bearer=bearer)


def test_a_call_is_made_by_name_to_the_address_that_was_judged(server: TlsServer) -> None:
    server.answer = says("200 OK", body=b"thanks")

    reply = server.egress().post(call(server.url, bearer="ping"))

    assert reply == Reply(200, b"thanks")
    assert server.names == [NAME]
    [request] = server.seen
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"logout_token=x"
    assert head.split(b"\r\n") == [
        b"POST /hook?x=1 HTTP/1.1",
        f"Host: {NAME}:{server.port}".encode(),
        b"Accept-Encoding: identity",
        b"Content-Length: 14",
        b"Content-Type: text/plain",
        b"Accept: */*",
        b"Connection: close",
        b"Authorization: Bearer ping",
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 500])
def test_no_redirect_is_followed_and_every_status_is_told(server: TlsServer, status: int) -> None:
    server.answer = says(f"{status} x", "Location: https://elsewhere.example.org/")

    assert server.egress().post(call(server.url)).status == status

    assert len(server.seen) == 1


def test_no_proxy_of_the_environment_is_used(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert server.egress().post(call(server.url)).status == 204


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example.org/",
        "ftp://client.example.org/",
        "https:///hook",
        "https://",
        "https://user@client.example.org/",
        "https://user:secret@client.example.org/",
        "https://client.example.org/#fragment",
        "https://client.example.org/a b",
        "https://client.example.org/\r\nHost: x",
        "https://client.example.org\\@evil.example.org/",
        "https://空间.example.org/",
        "https://client.example.org:99999/",
        "https://client.example.org:port/",
        "https://[::1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://127.0.0.01/",
        "https://client.example.org/" + "x" * 512,
        "//client.example.org/",
        "",
    ],
)
def test_what_is_no_plain_https_address_is_not_called(server: TlsServer, url: str) -> None:
    def never(_host: str, _port: int) -> list[str]:
        raise AssertionError("it was looked up")

    with pytest.raises(EgressError) as refused:
        server.egress(resolve=never).post(call(url))

    assert refused.value.final


def test_other_ports_are_called_only_where_they_are_listed(server: TlsServer) -> None:
    with pytest.raises(EgressError, match="port") as refused:
        server.egress(ports=frozenset()).post(call(server.url))

    assert refused.value.final
    assert server.seen == []


INNER = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.100.100.200", "0.0.0.1", "255.255.255.255", "224.0.0.1", "192.0.2.1"),
    *("198.18.0.1", "240.0.0.1", "192.0.0.8"),
    *("::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::"),
    *("2001::1", "2001:0:53aa:64c::1"),
]


@pytest.mark.parametrize("address", INNER)
def test_an_address_that_is_not_public_is_not_called(server: TlsServer, address: str) -> None:
    guard = server.egress(networks=(), addresses=(address,))

    with pytest.raises(EgressError, match="not called") as refused:
        guard.post(call(server.url))

    assert refused.value.final
    assert server.seen == []


def test_one_inner_address_among_public_ones_is_enough_to_refuse(server: TlsServer) -> None:
    guard = server.egress(networks=(), addresses=("8.8.8.8", "10.0.0.1"))

    with pytest.raises(EgressError, match="not called"):
        guard.post(call(server.url))


def test_a_listed_range_is_called_but_not_in_disguise(server: TlsServer) -> None:
    guard = Egress.of(networks="10.1.0.0/16, fd00:1::/32 ,::ffff:0:0/96", ports="")

    found = {
        one: guard.allows(ip_address(one))
        for one in ("10.1.2.3", "10.2.0.1", "fd00:1::5", "fd00:2::5", "::ffff:10.1.2.3", "8.8.8.8")
    }
    assert found == {
        "10.1.2.3": True,
        "10.2.0.1": False,
        "fd00:1::5": True,
        "fd00:2::5": False,
        "::ffff:10.1.2.3": False,
        "8.8.8.8": True,
    }
    assert not server.seen


def test_a_name_without_addresses_is_tried_again_later(server: TlsServer) -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("no such name")

    for guard in (server.egress(addresses=()), server.egress(resolve=unknown)):
        with pytest.raises(EgressError) as failed:
            guard.post(call(server.url))
        assert not failed.value.final


def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with tls_server(tmp_path, name="other.example.org") as other:
        with pytest.raises(EgressError, match="TLS"):
            other.egress().post(call(other.url))
        assert other.seen == []


def test_a_certificate_that_nobody_vouches_for_is_refused(server: TlsServer) -> None:
    machine = ssl.create_default_context()

    with pytest.raises(EgressError, match="TLS"):
        server.egress(context=machine).post(call(server.url))

    assert server.seen == []


def test_no_more_than_64_kib_are_read(server: TlsServer) -> None:
    server.answer = says("200 OK", body=b"x" * (MAX_ANSWER_BYTES + 100))

    assert len(server.egress().post(call(server.url)).body) == MAX_ANSWER_BYTES


def drip(piece: bytes, start: bytes = b"") -> object:
    def answer(_request: bytes, connection: ssl.SSLSocket) -> None:
        connection.sendall(start)
        for _ in range(60):
            connection.sendall(piece)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
)
def test_an_answer_that_comes_byte_by_byte_is_late(server: TlsServer, start: bytes) -> None:
    server.answer = drip(b"x", start)  # type: ignore[assignment]  # it is one
    began = time.monotonic()

    with pytest.raises(EgressError) as late:
        server.egress(timeout=0.3).post(call(server.url))

    assert not late.value.final
    assert time.monotonic() - began < 1.5


def test_a_server_that_says_nothing_is_late(server: TlsServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        guard = server.egress(timeout=0.3, ports=frozenset({port}))
        began = time.monotonic()

        with pytest.raises(EgressError):
            guard.post(call(f"https://{NAME}:{port}/"))

    assert time.monotonic() - began < 1.5


def test_a_resolver_that_says_nothing_is_late(server: TlsServer) -> None:
    over = threading.Event()

    def waits(_host: str, _port: int) -> list[str]:
        over.wait(5)
        return ["127.0.0.1"]

    with pytest.raises(EgressError):
        server.egress(timeout=0.2, resolve=waits).post(call(server.url))
    over.set()

    assert server.seen == []


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_nonsense_is_no_answer(server: TlsServer, answer: bytes) -> None:
    server.answer = lambda _request, connection: connection.sendall(answer)

    with pytest.raises(EgressError):
        server.egress().post(call(server.url))


def test_names_are_looked_up_as_the_machine_does() -> None:
    assert "127.0.0.1" in resolved("127.0.0.1", 443)


def test_a_guard_and_a_call_show_no_secret(server: TlsServer) -> None:
    shown = repr((call(server.url, bearer="ping-secret"), server.egress()))

    assert "ping-secret" not in shown
    assert "logout_token" not in shown
