"""Client certificates (RFC 8705): what one is known by, and whom it names.

Whoever ended TLS saw the caller use the private key; what arrives here is the certificate alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from re import fullmatch
from typing import Any, Final, Self
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vault.base64url import to_base64url
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.errors import InvalidInputError

MAX_CHARACTERS: Final = 16 * 1024
"""Of one certificate as a proxy writes it; one with an RSA key of 4096 bits has about 3,000."""

MAX_SUBJECT_CHARACTERS: Final = 512
MAX_THUMBPRINTS: Final = 10
THUMBPRINT: Final = "[A-Za-z0-9_-]{43}"
"""SHA-256 in base64url without padding, as in ``x5t#S256`` (RFC 8705 s. 3.1)."""


class Naming(StrEnum):
    """By which of its names a certificate is registered (RFC 8705 s. 2.1.2)."""

    DN = "tls_client_auth_subject_dn"
    DNS = "tls_client_auth_san_dns"
    URI = "tls_client_auth_san_uri"
    IP = "tls_client_auth_san_ip"
    EMAIL = "tls_client_auth_san_email"


MALFORMED: Final = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises while it reads a certificate."""

_ALTERNATIVES: Final[Mapping[Naming, Any]] = {
    Naming.DNS: x509.DNSName,
    Naming.URI: x509.UniformResourceIdentifier,
    Naming.IP: x509.IPAddress,
    Naming.EMAIL: x509.RFC822Name,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate has to name.

    Attributes:
        naming: Which of its names is compared.
        value: A distinguished name as RFC 4514 writes it, or the one alternative name.
    """

    naming: Naming
    value: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the subject that ``text`` wrote.

        Raises:
            InvalidInputError: The text is something else.
        """
        naming, _, value = text.partition("=")
        try:
            return cls(naming=Naming(naming), value=value)
        except ValueError as error:
            raise InvalidInputError("a subject is malformed", field="tls_subject") from error

    @property
    def text(self) -> str:
        """How it stands in ``ClientMetadata.tls_subject``."""
        return f"{self.naming.value}={self.value}"

    def __post_init__(self) -> None:
        """Refuse what no certificate could match."""
        try:
            fine = 0 < len(self.value) <= MAX_SUBJECT_CHARACTERS and bool(self._expected)
        except ValueError as error:
            raise InvalidInputError("a subject is malformed", field="tls_subject") from error
        if not fine:
            raise InvalidInputError("a subject is empty or too long", field="tls_subject")

    def is_of(self, certificate: "Certificate") -> bool:
        """Say whether ``certificate`` has exactly this name, among others or alone."""
        return self._expected in certificate.names(self.naming)

    @property
    def _expected(self) -> object:
        if self.naming is Naming.DN:
            return _distinguished(self.value)
        if self.naming is Naming.IP:
            return ip_address(self.value)
        return self.value.lower() if self.naming is Naming.DNS else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An end entity's certificate, whose private key the caller has.

    Attributes:
        thumbprint: ``x5t#S256``: SHA-256 of its DER form, base64url, 43 characters.
        begins_at, ends_at: When it is valid, UTC seconds.
        parsed: As the library reads it, for the library.
    """

    thumbprint: str
    begins_at: float
    ends_at: float
    parsed: x509.Certificate = field(repr=False)
    _named: x509.SubjectAlternativeName = field(repr=False)
    _subject: x509.Name = field(repr=False)

    def is_valid_at(self, now: int) -> bool:
        """Say whether the second ``now`` lies in the time that it was made for."""
        return self.begins_at <= now <= self.ends_at

    def names(self, naming: Naming) -> Sequence[object]:
        """Return its names of one kind, as ``Subject`` compares them."""
        if naming is Naming.DN:
            return [self._subject]
        found: Sequence[object] = self._named.get_values_for_type(_ALTERNATIVES[naming])
        return [str(name).lower() for name in found] if naming is Naming.DNS else found


@lru_cache(maxsize=256)
def read_certificate(escaped: str) -> Certificate:
    """Return the one certificate that a proxy hands on, PEM with percent signs.

    The proxy has verified nothing of it, and the library reads a part when it is asked for it:
    so every part that is ever used is read here.

    Raises:
        InvalidInputError: It is none, or malformed, or there are several.
    """
    if len(escaped) > MAX_CHARACTERS:
        raise InvalidInputError("a certificate is at most 16 KiB long")
    try:
        [found] = x509.load_pem_x509_certificates(unquote_to_bytes(escaped))
        return Certificate(
            thumbprint=_thumbprint(found),
            begins_at=found.not_valid_before_utc.timestamp(),
            ends_at=found.not_valid_after_utc.timestamp(),
            parsed=found,
            _named=_alternatives(found.extensions),
            _subject=found.subject,
        )
    except MALFORMED as error:
        raise InvalidInputError("what a proxy handed on is no certificate") from error


def _thumbprint(certificate: x509.Certificate) -> str:
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    return to_base64url(digest)


def _alternatives(extensions: x509.Extensions) -> x509.SubjectAlternativeName:
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            return extension.value
    return x509.SubjectAlternativeName([])


def check_registered(metadata: ClientMetadata) -> None:
    """Refuse a registration without what its method compares, or with what another does.

    Raises:
        InvalidInputError: ``field`` says what is missing, malformed or too much.
    """
    method, subject, thumbprints = (
        metadata.auth_method,
        metadata.tls_subject,
        metadata.tls_thumbprints,
    )
    if (method is AuthMethod.TLS) != bool(subject):
        raise InvalidInputError("a subject goes with tls_client_auth", field="tls_subject")
    if (method is AuthMethod.SELF_SIGNED_TLS) != bool(thumbprints):
        raise InvalidInputError(
            "thumbprints go with self_signed_tls_client_auth", field="tls_thumbprints"
        )
    if subject:
        Subject.of(subject)
    few = len(thumbprints) <= MAX_THUMBPRINTS and len(set(thumbprints)) == len(thumbprints)
    if not few or not all(fullmatch(THUMBPRINT, one) for one in thumbprints):
        raise InvalidInputError(
            "there are up to 10 thumbprints of 43 characters", field="tls_thumbprints"
        )


@lru_cache(maxsize=256)
def _distinguished(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text)
