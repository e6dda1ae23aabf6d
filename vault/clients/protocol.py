"""Short-lived rows of OAuth and of signing in. Everything presented as a secret is a keyed hash.

Times are whole UTC seconds (NumericDate, RFC 7519 s. 2), as the protocols count them.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

from vault.clients.confirmation import Confirmation
from vault.ids import ID_BYTES, ClientId, GrantId, MandateId, Space

OTP: Final = "otp"
"""A one-time code proved the person (RFC 8176)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who proved to be there, when and how: it travels from the sign-in to every token.

    Attributes:
        person: The space of who signed in; it need not be the one that is acted in.
        acr: Level, as ``urn:myspace:acr:…`` (architecture.md 9.4).
        amr: What was proved with (RFC 8176); empty where an older program wrote it.
        auth_time: When, UTC seconds; nothing that comes of it moves it.
        sid: Names the sign-in to clients (OpenID Connect Back-Channel Logout 1.0 s. 2.1),
            16 bytes; empty where an older program wrote it.
    """

    person: Space
    acr: str
    amr: tuple[str, ...]
    auth_time: int
    sid: bytes


def authenticated(
    person: Space, *, acr: str, at: int, signin_hash: bytes, amr: tuple[str, ...] = (OTP,)
) -> Authentication:
    """Return the authentication of a sign-in that begins at ``at``."""
    return Authentication(person=person, acr=acr, amr=amr, auth_time=at, sid=sid_of(signin_hash))


def sid_of(signin_hash: bytes) -> bytes:
    """Return the name of a sign-in for clients; it leads nobody back to the cookie."""
    return sha256(b"sid\x00" + signin_hash).digest()[:ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """A pushed authorization request (RFC 9126).

    Attributes:
        request_hash: Keyed hash of the ``request_uri``, 32 bytes.
        params: The accepted parameters as sealed JSON (context ``protocol``): they hold the
            department's own words, which may name a person.
        cnf: What the code will be bound to.
        consumed_at: When a decision spent it.
    """

    request_hash: bytes = field(repr=False)
    client_id: ClientId
    params: bytes = field(repr=False)
    cnf: Confirmation
    expires_at: int
    consumed_at: int | None = None


class InteractionState(StrEnum):
    """A page that waits for a decision, or one that got it."""

    OPEN = "open"
    GRANTED = "granted"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One browser's way through one pushed request.

    Attributes:
        interaction_id: 16 random bytes; stands in the page's path.
        browser_hash: Keyed hash of the cookie that owns this interaction.
        signin_hash: Sign-in that it is bound to, once there is one.
    """

    interaction_id: bytes
    request_hash: bytes = field(repr=False)
    browser_hash: bytes = field(repr=False)
    signin_hash: bytes | None = field(repr=False)
    state: InteractionState
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code (RFC 6749 s. 4.1), bound to client, redirect, challenge and key.

    Attributes:
        family_id: 16 random bytes shared by all tokens that come of this code.
        nonce: Of the request, for the ID token, byte for byte; empty for none.
    """

    code_hash: bytes = field(repr=False)
    space: Space
    grant_id: GrantId
    family_id: bytes
    client_id: ClientId
    redirect_uri: str
    code_challenge: str
    cnf: Confirmation
    auth: Authentication
    nonce: str = field(default="", repr=False)
    scope: str
    expires_at: int
    used_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An opaque access token, bound to a key or certificate and joined to its grant.

    Attributes:
        space, grant_id, auth: All ``None`` for registry tokens (client_credentials).
        details: ``Details.to_json()`` of what this token may use, or ``None`` for registry
            tokens; the effective right is its overlap with the grant's current details.
    """

    token_hash: bytes = field(repr=False)
    space: Space | None
    grant_id: GrantId | None
    family_id: bytes
    client_id: ClientId
    scope: str
    details: str | None = field(repr=False)
    cnf: Confirmation
    auth: Authentication | None
    issued_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token (RFC 6749 s. 6), bound to a key or certificate. It never changes its value.

    Attributes:
        family_id: Of the code that it came of; a family has at most one.
        details: ``Details.to_json()`` of the grant when it was issued; what it is good for now
            is the overlap with the grant's current details.
        auth: Of the sign-in; no use moves it.
        idle_expires_at: It dies then unless it is used before.
        expires_at: It dies then for good: the grant ends.
    """

    token_hash: bytes = field(repr=False)
    space: Space
    grant_id: GrantId
    family_id: bytes
    client_id: ClientId
    scope: str
    details: str = field(repr=False)
    cnf: Confirmation
    auth: Authentication
    issued_at: int
    idle_expires_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A signed-in browser. Its cookie's keyed hash is the key of the row.

    Attributes:
        space: Whose space is open.
        csrf_hash: Keyed hash of the token that each form carries.
        mandate_id: By which mandate another's space is open; ``None`` in the own one.
    """

    signin_hash: bytes = field(repr=False)
    space: Space
    csrf_hash: bytes = field(repr=False)
    auth: Authentication
    idle_expires_at: int
    expires_at: int
    ended_at: int | None = None
    mandate_id: MandateId | None = None

    def switched(self, space: Space, *, mandate_id: MandateId | None) -> Self:
        """Return the sign-in with ``space`` open: the person's own, or by a mandate another's."""
        return replace(self, space=space, mandate_id=mandate_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """A one-time code on its way. It looks the same for numbers that have no space.

    Attributes:
        attempt_hash: Keyed hash of the cookie that owns this attempt.
        space: Whose code it is; ``None`` where the number has no space.
        code_hash: Keyed hash of the six digits and the attempt.
        tries: Wrong codes so far.
    """

    attempt_hash: bytes = field(repr=False)
    space: Space | None
    code_hash: bytes = field(repr=False)
    tries: int
    expires_at: int
    spent_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A value that may be shown once: a ``jti``, a proof.

    Attributes:
        kind: ``dpop`` or ``assertion``.
        key_hash: SHA-256 of what may not repeat, 32 bytes.
        expires_at: Until when the row must be kept.
    """

    kind: str
    key_hash: bytes
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to be delivered outside: kept sealed until a gateway takes it.

    Attributes:
        message_id: 16 random bytes.
        kind: As in ``vault.services.outbox``.
        sealed: Target and text (context ``outbox``).
    """

    message_id: bytes
    kind: str
    sealed: bytes = field(repr=False)
    created_at: int
    done_at: int | None = None
