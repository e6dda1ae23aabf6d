"""Puts together who asks for passkeys: the issuer's host, and the makers the operator trusts."""

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.settings import Settings
from vault.clients.levels import AAL1, AAL2, AAL3
from vault.errors import InvalidInputError
from vault.passkeys.ceremony import RelyingParty

MAX_MAKERS: Final = 100


def relying_party(settings: Settings) -> RelyingParty | None:
    """Return who asks; ``None`` where browsers make no passkeys for the issuer's host.

    Raises:
        InvalidInputError: The list of makers cannot be used.
    """
    asked = settings.passkeys
    if asked is None or asked.makers_file is None:
        return RelyingParty.of(settings.issuer)
    try:
        roots = x509.load_pem_x509_certificates(asked.makers_file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"the list of makers {asked.makers_file} is not readable PEM", field="makers_file"
        ) from error
    if len(roots) > MAX_MAKERS:
        raise InvalidInputError("the list of makers holds 1 to 100 roots", field="makers_file")
    pem = tuple(one.public_bytes(Encoding.PEM) for one in roots)
    return RelyingParty.of(settings.issuer, roots=pem)


def levels_of(party: RelyingParty | None) -> tuple[str, ...]:
    """Return the levels that somebody can sign in with here, the weakest first."""
    if party is None:
        return (AAL1,)
    return (AAL1, AAL2, AAL3) if party.roots else (AAL1, AAL2)
