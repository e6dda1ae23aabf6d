"""Client certificates at the front door (RFC 8705): what is turned on, and who shows one.

TLS ends at a proxy that asks for certificates on a host of its own. It hands on what it saw; a
header of anybody else's never gets here (``api.proxies``).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from vault.clients.authorities import Authorities
from vault.clients.certificates import Certificate, read_certificate
from vault.clients.metadata import AuthMethod
from vault.errors import InvalidInputError

AUTHORITIES_FILE: Final = "MYSPACE_MTLS__AUTHORITIES_FILE"
"""The setting that names the list; said to the operator when it is no good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """What is turned on.

    Attributes:
        alias: Origin of the host at which callers are asked for certificates.
        authorities: Whose certificates prove a client; without any, only registered ones do.
    """

    alias: str
    authorities: Authorities | None = None

    @classmethod
    def of(cls, *, alias: str, authorities_file: Path | None) -> Self:
        """Read the operator's list, once.

        Raises:
            InvalidInputError: It cannot be read, or is no list of authorities.
        """
        if authorities_file is None:
            return cls(alias=alias)
        try:
            pem = authorities_file.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"{AUTHORITIES_FILE} cannot be read") from error
        try:
            return cls(alias=alias, authorities=Authorities.read(pem))
        except InvalidInputError as error:
            raise InvalidInputError(f"{AUTHORITIES_FILE}: {error}") from error

    @property
    def methods(self) -> tuple[AuthMethod, ...]:
        """How clients may prove themselves by a certificate."""
        if self.authorities is None:
            return (AuthMethod.SELF_SIGNED_TLS,)
        return (AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS)


def shown_certificate(mtls: MutualTls | None, escaped: str) -> Certificate | None:
    """Return the certificate that the caller proved itself with, if it did.

    Args:
        mtls: What is turned on; with nothing, nobody has a certificate.
        escaped: As the proxy wrote it; empty for none.

    Raises:
        InvalidInputError: The proxy wrote something else.
    """
    return read_certificate(escaped) if mtls is not None and escaped else None
