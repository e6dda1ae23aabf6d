"""Software statements (RFC 7591 s. 2.3): signed by the operator's registry, verified by value."""

from dataclasses import dataclass, field
from typing import Final, Self

from api.oauth.errors import FaultError, Say
from api.oauth.jose import BadJwsError, Jws, KeyCache, VerifyKey, read_jws, verify
from vault.clients.keys import PublicJwk, read_jwks
from vault.clients.statements import Statement, read_statement
from vault.errors import InvalidInputError

TYPES: Final = frozenset({"JWT", "SOFTWARE-STATEMENT+JWT"})
"""What the header may call it, in any case; it need not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Who vouches for departments' software.

    Attributes:
        issuer: ``iss`` of its statements.
        keys: Its public keys.
    """

    issuer: str
    keys: tuple[PublicJwk, ...] = field(repr=False)

    @classmethod
    def of(cls, *, issuer: str, jwks: str) -> Self:
        """Return the registry with these keys.

        Raises:
            InvalidInputError: A key may not be taken.
        """
        return cls(issuer=issuer, keys=read_jwks(jwks))


def verified_statement(
    text: str, *, registry: Registry | None, keys: KeyCache, origin: str, now: int
) -> Statement:
    """Return what a statement vouches for, once its signature and claims are found right.

    Raises:
        FaultError: ``invalid_software_statement``; ``unapproved_software_statement`` where no
            registry is known.
    """
    if registry is None:
        raise FaultError(Say.UNAPPROVED, reason="no registry is configured")
    try:
        jws = read_jws(text)
        verify(jws, key=_chosen(registry, jws=jws, keys=keys))
        return read_statement(jws.claims, issuer=registry.issuer, audience=origin, now=now)
    except BadJwsError as error:
        raise FaultError(Say.STATEMENT, reason=str(error)) from error
    except InvalidInputError as error:
        reason = f"{error.field}: {error}" if error.field else str(error)
        raise FaultError(Say.STATEMENT, reason=reason) from error


def _chosen(registry: Registry, *, jws: Jws, keys: KeyCache) -> VerifyKey:
    """Return the registry's key: by ``kid``, else the only one that fits the algorithm."""
    kind = jws.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() not in TYPES:
        raise BadJwsError("the type is not JWT")
    fitting = [key for key in registry.keys if jws.algorithm in key.algorithms]
    if "kid" in jws.header:
        fitting = [key for key in fitting if jws.header["kid"] in {key.kid, key.thumbprint}]
    if len(fitting) != 1:
        raise BadJwsError("no key fits, or several do")
    return keys.load(fitting[0])
