"""The proxy shares requests out, gets round a server that is gone, and repeats nothing."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path, PurePath
from textwrap import dedent

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scripts.local import proc
from scripts.local.nginx import (
    Certificate,
    Nginx,
    aliased,
    configuration,
    program,
    running_nginx,
)
from scripts.outcomes import OperatorError
from scripts.private_files import write_private
from tests.support.documentation import ROOT, blocks

SECONDS = 10


class Backend(ThreadingHTTPServer):
    """A server that tells what it was asked; one that is rude hangs up instead."""

    def __init__(self, *, rude: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rude = rude
        self.asked: list[str] = []
        self.begun = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """What it does with one request."""

    protocol_version = "HTTP/1.1"
    server: Backend

    def do_GET(self) -> None:
        self.server.asked.append(self.command)
        length = int(self.headers.get("Content-Length", 0))
        if length:
            self.rfile.read(1)
            self.server.begun.set()
            self.rfile.read(length - 1)
        if self.server.rude:
            self.close_connection = True
            return
        told = json.dumps({"length": length, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def backend(*, rude: bool = False) -> Iterator[Backend]:
    """Run a server of one test."""
    with Backend(rude=rude) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def proxied(folder: Path, *backends: Backend) -> Iterator[Nginx]:
    """Run a proxy before these servers."""
    ports = [one.server_port for one in backends]
    with running_nginx(folder / "nginx", backends=ports) as nginx:
        yield nginx


def test_requests_are_shared_out(folder: Path) -> None:
    with backend() as one, backend() as other, proxied(folder, one, other) as nginx:
        for _ in range(6):
            assert requests.get(nginx.origin, timeout=SECONDS).ok

    assert (len(one.asked), len(other.asked)) == (3, 3)


def test_a_server_hears_whom_the_request_came_from_and_to_which_host(folder: Path) -> None:
    claimed = {
        "Host": "space.example.org",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Client-Certificate": "mine",
    }

    with backend() as one, proxied(folder, one) as nginx:
        answer = requests.get(nginx.origin, headers=claimed, timeout=SECONDS)

    heard = answer.json()["headers"]
    assert {name: heard[name] for name in claimed if name in heard} == {
        "Host": "space.example.org",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "http",
    }
    assert "Connection" not in heard


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_is_gone_costs_no_request(folder: Path, method: str) -> None:
    with backend() as gone:
        pass

    with backend() as one, proxied(folder, gone, one) as nginx:
        answers = [
            requests.request(method, nginx.origin, data=b"body", timeout=SECONDS).status_code
            for _ in range(10)
        ]

    assert answers == [200] * 10


def test_what_may_have_had_an_effect_is_not_sent_again(folder: Path) -> None:
    with (
        backend(rude=True) as rude,
        backend(rude=True) as other,
        proxied(folder, rude, other) as nginx,
    ):
        answer = requests.post(nginx.origin, data=b"once", timeout=SECONDS)

    assert (answer.status_code, rude.asked + other.asked) == (502, ["POST"])


def test_a_body_passes_before_it_is_complete(folder: Path) -> None:
    body = bytes(3 * 2**20)

    with backend() as one, proxied(folder, one) as nginx:
        connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=SECONDS)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body[:100])
        begun = one.begun.wait(SECONDS)
        kept = [path for path in (folder / "nginx" / "body").rglob("*") if path.is_file()]
        connection.send(body[100:])
        length = json.loads(connection.getresponse().read())["length"]
        connection.close()

    assert (begun, kept, length) == (True, [], len(body))


def test_a_body_that_no_server_would_take_is_refused(folder: Path) -> None:
    with backend() as one, proxied(folder, one) as nginx:
        connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=SECONDS)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(111 * 2**20))
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()

    assert (status, one.asked) == (413, [])


def test_with_a_certificate_it_speaks_tls_and_says_so(folder: Path) -> None:
    certificate = self_signed(folder)

    with (
        backend() as one,
        running_nginx(
            folder / "nginx", backends=[one.server_port], certificate=certificate
        ) as nginx,
    ):
        answer = requests.get(nginx.origin, verify=str(certificate.chain), timeout=SECONDS)
        with pytest.raises(requests.ConnectionError):
            requests.get(nginx.origin, timeout=SECONDS)  # Nobody else vouches for it.

    assert nginx.origin.startswith("https://")
    assert answer.json()["headers"]["X-Forwarded-Proto"] == "https"
    assert (folder / "nginx" / "key.pem").stat().st_mode & 0o777 == 0o600


def self_signed(folder: Path) -> Certificate:
    """Make a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(tz=UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(minutes=10))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(chain=folder / "made.pem", key=folder / "made.key")
    write_private(folder / "made.pem", certificate.public_bytes(Encoding.PEM))
    write_private(
        folder / "made.key",
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return made


def test_it_ends_with_all_its_processes(folder: Path) -> None:
    with backend() as one, proxied(folder, one) as nginx:
        workers = proc.children(nginx.process.pid)

    assert workers
    assert not [pid for pid in (*workers, nginx.process.pid) if Path(f"/proc/{pid}").exists()]


def test_a_machine_without_nginx_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="apt-get install nginx-light"):
        program([str(tmp_path)])


@pytest.mark.parametrize("name", ["mtls.md", "mtls.en.md"])
def test_the_part_about_certificates_is_documented_as_it_is_run(name: str) -> None:
    [shown] = blocks(ROOT / "docs/operations" / name, "nginx")
    folder = PurePath("/etc/nginx/tls")
    own = Certificate(chain=folder / "mtls.pem", key=folder / "mtls.key")

    assert dedent(aliased("443", certificate=own)).strip("\n") == shown.strip("\n")


def test_what_it_runs_holds_the_part_that_is_documented() -> None:
    folder = PurePath("/etc/nginx/tls")
    own = Certificate(chain=folder / "mtls.pem", key=folder / "mtls.key")

    text = configuration(
        folder, listen="443", backends=["a:1"], workers=1, certificate=own, alias="127.0.0.1:443"
    )

    assert aliased("127.0.0.1:443", certificate=own) in text
