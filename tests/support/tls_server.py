"""A real TLS server on this machine, under somebody else's name, that answers as told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api.egress import Egress

NAME = "client.example.org"

Answer = Callable[[bytes, ssl.SSLSocket], None]
"""Answers one request, whose bytes it is given."""


def says(status: str = "204 No Content", *headers: str, body: bytes = b"") -> Answer:
    """Return what answers with ``status``."""

    def answer(_request: bytes, connection: ssl.SSLSocket) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)

    return answer


@dataclass
class TlsServer:
    """Listens on 127.0.0.1.

    Attributes:
        answer: How requests are answered from now on.
        seen: Requests, as they came.
        names: Names that were asked for in TLS.
    """

    ca_file: Path
    port: int
    answer: Answer = field(default_factory=says)
    seen: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return an address at this server."""
        return f"https://{NAME}:{self.port}/hook?x=1"

    def egress(self, *, addresses: tuple[str, ...] = ("127.0.0.1",), **changes: object) -> Egress:
        """Return a guard that is allowed to call this server."""
        plain = Egress.of(networks="127.0.0.1/32", ports=str(self.port), ca_file=self.ca_file)
        kept = {
            "context": plain.context,
            "networks": plain.networks,
            "ports": plain.ports,
            "resolve": lambda _host, _port: addresses,
        }
        return Egress(**(kept | changes))  # type: ignore[arg-type]  # any attribute


@contextmanager
def tls_server(folder: Path, *, name: str = NAME) -> Iterator[TlsServer]:
    """Serve while the block runs."""
    ca_file, chain, key = certificates(folder, name=name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = TlsServer(ca_file=ca_file, port=listener.getsockname()[1])
        context.sni_callback = lambda _socket, asked, _context: found.names.append(asked)
        thread = threading.Thread(target=_serve, args=(listener, context, found), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, server: TlsServer) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            plain.settimeout(5)
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
                request = b""
                while b"\r\n\r\n" not in request or not _whole(request):
                    piece = secure.recv(65536)
                    if not piece:
                        break
                    request += piece
                server.seen.append(request)
                server.answer(request, secure)


def _whole(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return len(body) >= (lengths or [0])[0]


def certificates(folder: Path, *, name: str) -> tuple[Path, Path, Path]:
    """Write what a server under ``name``, a host or an address, needs: authority, chain, key."""
    authority, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)

    def signed(subject: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
                critical=False,
            )
        )
        if is_ca:
            usage = x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        else:
            names = x509.SubjectAlternativeName([_named(subject)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM)

    ca_file, chain, key_file = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
    ca_file.write_bytes(signed("tests", authority, is_ca=True))
    chain.write_bytes(signed(name, leaf, is_ca=False))
    key_file.write_bytes(leaf.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return ca_file, chain, key_file


def _named(subject: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(subject))
    except ValueError:
        return x509.DNSName(subject)
