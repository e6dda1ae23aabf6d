"""Whom a certificate names, and who vouches for it."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.certificates import FOR_SERVERS, Authority, Made, self_signed
from tests.support.vault_values import a_client
from vault.clients.authorities import MAX_AUTHORITIES, Authorities, check_certificate
from vault.clients.certificates import (
    MAX_CHARACTERS,
    Certificate,
    Naming,
    Subject,
    check_registered,
    read_certificate,
)
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.errors import InvalidInputError

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ROOT = Authority.new("root", now=NOW)
ISSUING = Authority.new("issuing", by=ROOT, now=NOW)
TRUSTED = Authorities.read(ISSUING.pem.encode())

NAMES = (
    x509.DNSName("Licensing.example.org"),
    x509.UniformResourceIdentifier("https://licensing.example.org/system"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.RFC822Name("System@example.org"),
)
NAMED = ISSUING.issue("licensing", alternatives=NAMES, now=NOW)
DER = NAMED.certificate.public_bytes(Encoding.DER)
DN = f"{Naming.DN.value}={NAMED.subject}"


def read(made: Made) -> Certificate:
    """Return a certificate as it arrives."""
    return read_certificate(made.escaped)


def by_authority(subject: str = DN) -> ClientMetadata:
    """Return the metadata of a client that an authority vouches for."""
    return ClientMetadata(auth_method=AuthMethod.TLS, tls_subject=subject)


def test_a_certificate_is_known_by_the_hash_of_its_bytes() -> None:
    assert read(NAMED).thumbprint == NAMED.thumbprint
    assert len(NAMED.thumbprint) == 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        NAMED.escaped * 2,
        NAMED.escaped + " " * MAX_CHARACTERS,
        NAMED.escaped[:-40],
    ],
    ids=["nothing", "a letter", "no certificate", "two", "too long", "cut"],
)
def test_anything_but_one_certificate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_certificate(text)


@pytest.mark.parametrize(
    "text",
    [
        DN,
        "tls_client_auth_san_dns=licensing.EXAMPLE.org",
        "tls_client_auth_san_uri=https://licensing.example.org/system",
        "tls_client_auth_san_ip=192.0.2.7",
        "tls_client_auth_san_email=System@example.org",
    ],
)
def test_each_kind_of_name_proves_a_client(text: str) -> None:
    registered = a_client(metadata=by_authority(text))

    check_certificate(registered, read(NAMED), authorities=TRUSTED, now=SECONDS)

    assert Subject.of(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        f"{DN},O=more",
        "tls_client_auth_subject_dn=CN=licensing",
        "tls_client_auth_san_dns=example.org",
        "tls_client_auth_san_dns=*.example.org",
        "tls_client_auth_san_uri=https://licensing.example.org/",
        "tls_client_auth_san_ip=192.0.2.8",
        "tls_client_auth_san_email=system@example.org",
    ],
)
def test_another_name_proves_nothing(text: str) -> None:
    with pytest.raises(InvalidInputError, match="another subject"):
        check_certificate(
            a_client(metadata=by_authority(text)), read(NAMED), authorities=TRUSTED, now=SECONDS
        )


def test_a_certificate_without_other_names_has_its_distinguished_one_alone() -> None:
    plain = read(ISSUING.issue("plain", now=NOW))

    found = {naming: bool(plain.names(naming)) for naming in Naming}

    assert found == dict.fromkeys(Naming, False) | {Naming.DN: True}


@pytest.mark.parametrize(
    "made",
    [
        Authority.new("issuing", by=ROOT, now=NOW).issue("licensing", now=NOW),
        ROOT.issue("licensing", now=NOW),
        self_signed("licensing", now=NOW),
        ISSUING.issue("licensing", now=NOW - timedelta(days=1)),
        ISSUING.issue("licensing", now=NOW + timedelta(days=1)),
        ISSUING.issue("licensing", now=NOW, usages=FOR_SERVERS),
        ISSUING.issue("licensing", now=NOW, usages=()),
        ISSUING,
    ],
    ids=[
        "same name, other key",
        "the root, which is not listed",
        "itself",
        "expired",
        "not yet",
        "for servers",
        "for nothing",
        "the authority",
    ],
)
def test_nobody_else_vouches_for_a_client(made: Made) -> None:
    with pytest.raises(InvalidInputError, match="no authority vouches"):
        check_certificate(
            a_client(metadata=by_authority()), read(made), authorities=TRUSTED, now=SECONDS
        )


def test_an_authority_that_is_expired_vouches_for_nobody() -> None:
    long_lived = ISSUING.issue("licensing", now=NOW, life=timedelta(days=9))
    later = SECONDS + 2 * 3600

    with pytest.raises(InvalidInputError, match="no authority vouches"):
        check_certificate(
            a_client(metadata=by_authority()), read(long_lived), authorities=TRUSTED, now=later
        )


def test_where_no_authority_is_listed_none_vouches() -> None:
    with pytest.raises(InvalidInputError, match="no authorities are listed"):
        check_certificate(
            a_client(metadata=by_authority()), read(NAMED), authorities=None, now=SECONDS
        )


def test_a_certificate_of_its_own_proves_a_client_while_it_is_valid() -> None:
    mine, other = self_signed("mine", now=NOW), self_signed("mine", now=NOW)
    told = ClientMetadata(
        auth_method=AuthMethod.SELF_SIGNED_TLS,
        tls_thumbprints=(self_signed("next", now=NOW).thumbprint, mine.thumbprint),
    )
    registered = a_client(metadata=told)

    check_certificate(registered, read(mine), authorities=None, now=SECONDS)

    with pytest.raises(InvalidInputError, match="not registered"):
        check_certificate(registered, read(other), authorities=None, now=SECONDS)
    for now in (SECONDS - 61, SECONDS + 3601):
        with pytest.raises(InvalidInputError, match="expired, or not valid yet"):
            check_certificate(registered, read(mine), authorities=None, now=now)


def test_a_client_that_signs_assertions_is_not_proven_by_a_certificate() -> None:
    with pytest.raises(InvalidInputError, match="registered for an assertion"):
        check_certificate(a_client(), read(NAMED), authorities=TRUSTED, now=SECONDS)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"\xff",
        NAMED.pem.encode(),
        (ISSUING.pem + NAMED.pem).encode(),
        ISSUING.pem.encode() * (MAX_AUTHORITIES + 1),
    ],
    ids=["nothing", "noise", "a client", "a client too", "too many"],
)
def test_a_list_holds_authorities_and_nothing_else(pem: bytes) -> None:
    with pytest.raises(InvalidInputError, match="list"):
        Authorities.read(pem)


@pytest.mark.parametrize(
    "written",
    [b"\x30\x02\xa3\x00", b"\x30\x02\xa5\x00", b"\x30\x03\x87\x01\x00", b"\x05\x00", b""],
    ids=["x400", "edi", "short address", "null", "nothing"],
)
def test_alternative_names_that_cannot_be_read_make_no_certificate(written: bytes) -> None:
    oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
    made = ISSUING.issue("licensing", now=NOW, extra=[x509.UnrecognizedExtension(oid, written)])

    with pytest.raises(InvalidInputError, match="no certificate"):
        read(made)
    with pytest.raises(InvalidInputError, match="not PEM"):
        Authorities.read(made.pem.encode())


@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=4
    )
)
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_with_any_bytes_changed_is_refused_and_breaks_nothing(
    changes: list[tuple[int, int]],
) -> None:
    der = bytearray(DER)
    for place, byte in changes:
        der[place] = byte
    assume(bytes(der) != DER)
    pem = b64encode(der).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"

    with pytest.raises(InvalidInputError):
        check_certificate(
            a_client(metadata=by_authority()),
            read_certificate(quote(text, safe="")),
            authorities=TRUSTED,
            now=SECONDS,
        )


PRINT = "x" * 43


@pytest.mark.parametrize(
    "metadata",
    [
        ClientMetadata(),
        by_authority(),
        ClientMetadata(auth_method=AuthMethod.SELF_SIGNED_TLS, tls_thumbprints=(PRINT,)),
    ],
)
def test_a_registration_has_what_its_method_compares(metadata: ClientMetadata) -> None:
    check_registered(metadata)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tls_subject": DN}, "tls_subject"),
        ({"tls_thumbprints": (PRINT,)}, "tls_thumbprints"),
        ({"auth_method": AuthMethod.TLS}, "tls_subject"),
        ({"auth_method": AuthMethod.TLS, "tls_subject": "CN=x"}, "tls_subject"),
        (
            {"auth_method": AuthMethod.TLS, "tls_subject": DN, "tls_thumbprints": (PRINT,)},
            "tls_thumbprints",
        ),
        (
            {"auth_method": AuthMethod.TLS, "tls_subject": f"{Naming.DN.value}=nonsense"},
            "tls_subject",
        ),
        ({"auth_method": AuthMethod.TLS, "tls_subject": f"{Naming.DNS.value}="}, "tls_subject"),
        ({"auth_method": AuthMethod.TLS, "tls_subject": f"{Naming.IP.value}=x"}, "tls_subject"),
        (
            {"auth_method": AuthMethod.TLS, "tls_subject": f"{Naming.URI.value}={'x' * 513}"},
            "tls_subject",
        ),
        ({"auth_method": AuthMethod.SELF_SIGNED_TLS}, "tls_thumbprints"),
        (
            {"auth_method": AuthMethod.SELF_SIGNED_TLS, "tls_thumbprints": ("short",)},
            "tls_thumbprints",
        ),
        (
            {"auth_method": AuthMethod.SELF_SIGNED_TLS, "tls_thumbprints": (PRINT, PRINT)},
            "tls_thumbprints",
        ),
        (
            {
                "auth_method": AuthMethod.SELF_SIGNED_TLS,
                "tls_thumbprints": tuple(f"{n:043}" for n in range(11)),
            },
            "tls_thumbprints",
        ),
    ],
)
def test_a_registration_with_anything_else_is_refused(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_registered(replace(ClientMetadata(), **changes))  # type: ignore[arg-type]

    assert refused.value.field == field


def test_two_signatures_are_two_certificates() -> None:
    key = NAMED.key
    again = x509.CertificateBuilder(
        NAMED.certificate.issuer,
        NAMED.certificate.subject,
        key.public_key(),
        NAMED.certificate.serial_number,
        NAMED.certificate.not_valid_before_utc,
        NAMED.certificate.not_valid_after_utc,
    ).sign(ISSUING.key, hashes.SHA256())

    assert Made(again, key).thumbprint != NAMED.thumbprint
