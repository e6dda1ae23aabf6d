"""Certificates of clients, and the authorities that issue them; all made up here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from scripts.private_files import write_private
from tests.support.jws import b64

FOR_CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
FOR_SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Made:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def escaped(self) -> str:
        """As a proxy writes it into its header."""
        return quote(self.pem, safe="")

    @property
    def thumbprint(self) -> str:
        """``x5t#S256``."""
        return b64(sha256(self.certificate.public_bytes(Encoding.DER)).digest())

    @property
    def subject(self) -> str:
        """The distinguished name, as RFC 4514 writes it."""
        return self.certificate.subject.rfc4514_string()

    def files(self, folder: Path, name: str) -> tuple[str, str]:
        """Write certificate and key unless they are there, and return where they are."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if not key.exists():
            write_private(chain, self.pem.encode())
            write_private(key, private)
        return str(chain), str(key)


@dataclass(frozen=True)
class Authority(Made):
    """Somebody who issues certificates."""

    @classmethod
    def new(cls, name: str, *, by: "Authority | None" = None, now: datetime | None = None) -> Self:
        """Make an authority: a root, or one that another vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = {
            **dict.fromkeys(("key_cert_sign", "crl_sign"), True),
            **dict.fromkeys(("digital_signature", "content_commitment"), False),
            **dict.fromkeys(("key_encipherment", "data_encipherment"), False),
            **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
        }
        made = (
            _builder(_named(name), key, by=by, now=now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
        )
        return cls(made.sign(by.key if by else key, hashes.SHA256()), key)

    def issue(
        self,
        name: str,
        *,
        alternatives: Sequence[x509.GeneralName] = (),
        usages: Sequence[ObjectIdentifier] = FOR_CLIENTS,
        now: datetime | None = None,
        life: timedelta = HOUR,
        extra: Sequence[x509.ExtensionType] = (),
    ) -> Made:
        """Issue a certificate to ``name``, from a minute before ``now`` on."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_named(name), key, by=self, now=now, life=life)
        if usages:
            made = made.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if alternatives:
            named = x509.SubjectAlternativeName(alternatives)
            made = made.add_extension(named, critical=False)
        for one in extra:
            made = made.add_extension(one, critical=False)
        return Made(made.sign(self.key, hashes.SHA256()), key)


def self_signed(name: str, *, now: datetime | None = None, life: timedelta = HOUR) -> Made:
    """Make a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(_named(name), key, by=None, now=now, life=life)
    return Made(made.sign(key, hashes.SHA256()), key)


def _builder(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    by: Made | None,
    now: datetime | None,
    life: timedelta = HOUR,
) -> x509.CertificateBuilder:
    told, issuer_key = now or datetime.now(tz=UTC), by.key if by else key
    return (
        x509.CertificateBuilder(
            by.certificate.subject if by else name,
            name,
            key.public_key(),
            x509.random_serial_number(),
            told - timedelta(minutes=1),
            told + life,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "示范区（模拟）"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
