"""Who vouches for clients that prove themselves by certificate (RFC 8705 s. 2).

A proxy hands on a client's certificate without the ones between it and its root. So the operator
lists the authorities that issue to departments themselves, roots or not: each of them is trusted
as it stands. Nothing is looked up that a certificate names.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Self

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from vault.clients import Client
from vault.clients.certificates import MALFORMED, Certificate, Subject
from vault.clients.metadata import AuthMethod
from vault.errors import InvalidInputError

MAX_AUTHORITIES: Final = 100


class Authorities:
    """The authorities whose certificates prove a client: the operator's list, and no other.

    Attributes:
        count: How many there are.
        ends_at: When the first of them expires, UTC seconds.
    """

    def __init__(self, trusted: Sequence[x509.Certificate]) -> None:
        """Trust exactly these."""
        self._store = Store(list(trusted))
        self.count = len(trusted)
        self.ends_at = int(min(one.not_valid_after_utc for one in trusted).timestamp())

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Return the authorities of a PEM file.

        Raises:
            InvalidInputError: It holds none, too many, or something that is no authority.
        """
        try:
            found = x509.load_pem_x509_certificates(pem)
            authorities = [one for one in found if _is_authority(one)]
        except MALFORMED as error:
            raise InvalidInputError("the list of authorities is not PEM") from error
        if authorities != found or not 1 <= len(found) <= MAX_AUTHORITIES:
            raise InvalidInputError("the list holds 1 to 100 authorities, and nothing else")
        return cls(found)

    def check(self, certificate: Certificate, *, now: int) -> None:
        """Refuse what none of them issued for clients, or not for the second ``now``.

        Raises:
            InvalidInputError: Of another issuer, expired, not yet valid, or for something else.
        """
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.fromtimestamp(now, UTC))
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_FOR_CLIENTS
            )
            .build_client_verifier()
        )
        try:
            verifier.verify(certificate.parsed, [])
        except (VerificationError, *MALFORMED) as error:
            raise InvalidInputError("no authority vouches for the certificate now") from error


def check_certificate(
    client: Client, certificate: Certificate, *, authorities: Authorities | None, now: int
) -> None:
    """Refuse a certificate that does not prove ``client`` as it is registered (RFC 8705 s. 2).

    Args:
        client: Whoever the request says it is from.
        certificate: Its private key was used while TLS was set up.
        authorities: Who vouches for clients; ``None`` where nobody does.
        now: UTC seconds.

    Raises:
        InvalidInputError: It is another's, of another issuer, expired, or no way in at all.
    """
    registered = client.metadata
    if registered.auth_method is AuthMethod.PRIVATE_KEY_JWT:
        raise InvalidInputError("the client is registered for an assertion")
    if registered.auth_method is AuthMethod.SELF_SIGNED_TLS:
        if certificate.thumbprint not in registered.tls_thumbprints:
            raise InvalidInputError("the certificate is not registered")
        if not certificate.is_valid_at(now):
            raise InvalidInputError("the certificate is expired, or not valid yet")
        return
    if authorities is None:
        raise InvalidInputError("no authorities are listed")
    authorities.check(certificate, now=now)
    if not Subject.of(registered.tls_subject).is_of(certificate):
        raise InvalidInputError("the certificate is of another subject")


def _is_authority(certificate: x509.Certificate) -> bool:
    return any(
        isinstance(one.value, x509.BasicConstraints) and one.value.ca
        for one in certificate.extensions
    )


def _is_for_clients(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage
) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("the certificate is not for clients")


_FOR_CLIENTS: Final = (
    ExtensionPolicy.webpki_defaults_ee()
    .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_clients)
)
"""RFC 5280 as the web reads it; but a client may be named by its distinguished name alone."""
