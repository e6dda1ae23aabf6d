"""Short-lived rows of OAuth and of signing in. Everything presented as a secret is a keyed hash.

Times are whole UTC seconds (NumericDate, RFC 7519 s. 2), as the protocols count them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from vault.ids import ClientId, GrantId, Space


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """A pushed authorization request (RFC 9126).

    Attributes:
        request_hash: Keyed hash of the ``request_uri``, 32 bytes.
        params: The accepted parameters as sealed JSON (context ``protocol``): they hold the
            department's own words, which may name a person.
        dpop_jkt: Thumbprint (RFC 7638) that the code will be bound to.
        consumed_at: When a decision spent it.
    """

    request_hash: bytes = field(repr=False)
    client_id: ClientId
    params: bytes = field(repr=False)
    dpop_jkt: str
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
    """A code (RFC 6749 s. 4.1), bound to client, redirect, challenge and proof key.

    Attributes:
        family_id: 16 random bytes shared by all tokens that come of this code.
        auth_time: When the holder signed in.
    """

    code_hash: bytes = field(repr=False)
    space: Space
    grant_id: GrantId
    family_id: bytes
    client_id: ClientId
    redirect_uri: str
    code_challenge: str
    dpop_jkt: str
    acr: str
    auth_time: int
    scope: str
    expires_at: int
    used_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An opaque access token, bound to a DPoP key (RFC 9449) and joined to its grant.

    Attributes:
        space, grant_id: Both ``None`` for registry tokens (client_credentials).
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
    dpop_jkt: str
    acr: str | None
    auth_time: int | None
    issued_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token (RFC 6749 s. 6), bound to a DPoP key. It never changes its value.

    Attributes:
        family_id: Of the code that it came of; a family has at most one.
        details: ``Details.to_json()`` of the grant when it was issued; what it is good for now
            is the overlap with the grant's current details.
        auth_time: When the holder signed in; no use moves it.
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
    dpop_jkt: str
    acr: str
    auth_time: int
    issued_at: int
    idle_expires_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A signed-in browser. Its cookie's keyed hash is the key of the row.

    Attributes:
        csrf_hash: Keyed hash of the token that each form carries.
        acr: ``urn:myspace:acr:aal1`` in this release (architecture.md 9.4).
    """

    signin_hash: bytes = field(repr=False)
    space: Space
    csrf_hash: bytes = field(repr=False)
    acr: str
    auth_time: int
    idle_expires_at: int
    expires_at: int
    ended_at: int | None = None


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
        kind: ``one-time-code`` or ``wrong-codes``.
        sealed: Target and text (context ``outbox``).
    """

    message_id: bytes
    kind: str
    sealed: bytes = field(repr=False)
    created_at: int
    done_at: int | None = None
