"""Who calls, and for whom: a department's system with its token, a number, an id of its own."""

from typing import Annotated, Final

from fastapi import Header

from api.deps import Bearer, Presented, Wired
from api.middleware import correlation_id
from api.routers.answers import NumberIn
from vault.clock import legal_day
from vault.errors import InvalidInputError
from vault.identifiers import Identifier
from vault.numbers import number_of
from vault.services import Vault
from vault.services.acting import Caller, network_prefix

MAX_VERSION: Final = 2**31

_REQUEST_ID: Final = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=128,
    pattern="^[!-~]+$",
    description="the caller's own id of this change: asked twice, it happens once",
)
RequestId = Annotated[str, _REQUEST_ID]
OptionalRequestId = Annotated[str | None, _REQUEST_ID]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern='^"[1-9][0-9]{0,9}"$',
        description="the version that this follows, in quotes",
    ),
]


def caller_of(bearer: Bearer, *, request_id: str | None = None) -> Caller:
    """Return who acts; the proof is spent by the journal operation that the caller causes."""
    return Caller(
        live=bearer.live,
        claim=bearer.claim,
        proof_hash=bearer.proof_hash,
        network=network_prefix(bearer.network),
        correlation=correlation_id(),
        request_id=request_id,
    )


def scoped(wired: Wired, shown: Presented, *, scope: str) -> Bearer:
    """Resolve a token that must have ``scope``; nothing is written yet."""
    bearer = wired.resolve(shown)
    wired.resolve.require(bearer, scope=scope)
    return bearer


def holder_of(number: NumberIn, *, vault: Vault) -> Identifier:
    """Return a holder's number, checked.

    Raises:
        InvalidInputError: No space is keyed by such a number.
        IdentifierError: It breaks a rule of its kind.
    """
    return number_of(number.type, number.value, today=legal_day(vault.clock.now_ms()))


def expected_version(if_match: str | None, body: int | None) -> int:
    """Return the version that a change follows, said in a header or in the body.

    Raises:
        InvalidInputError: It is said nowhere, or differently.
    """
    header = None if if_match is None else int(if_match.strip('"'))
    found = {one for one in (header, body) if one is not None}
    if len(found) != 1 or max(found) > MAX_VERSION:
        raise InvalidInputError(
            "say which version this follows, in If-Match or in expected_version",
            field="expected_version",
        )
    return found.pop()
