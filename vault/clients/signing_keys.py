"""The keys that sign the server's JWTs or open what is sealed to it (oauth.md 5).

A key has a schedule, not a state: published → active → retiring → removed follow from the
clock alone, so all processes change over at the same instant. A set moves on by versions, each
an entry of the journal; its digest covers every schedule, so a row that was altered is noticed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple, Self

from vault.crypto.keys import WrappedKey
from vault.errors import ConflictError, InvalidInputError, NotFoundError

HOUR: Final = 3600
DAY: Final = 24 * HOUR
PUBLISHED_SECONDS: Final = DAY
"""A key is published for so long before it signs: a set may be cached for 15 minutes."""
ACTIVE_SECONDS: Final = 90 * DAY
RETIRING_SECONDS: Final = 2 * DAY
"""And for so long after it last signed: no token lives longer than 5 minutes."""
NOTICE_SECONDS: Final = 3 * DAY
"""How long before a key retires its successor is drawn, at the latest."""
ARCHIVED_SECONDS: Final = 365 * DAY
"""For so long after its removal a key still proves an ``id_token_hint``."""


class SigningPurpose(StrEnum):
    """What a key signs; no two share one."""

    ID_TOKEN = "id_token"  # noqa: S105 - the name of a purpose, not a secret
    JARM = "jarm"
    INTROSPECTION = "introspection"
    LOGOUT = "logout"
    USERINFO = "userinfo"


class OpeningPurpose(StrEnum):
    """What others seal to a key of ours; such a key signs nothing."""

    HINT = "hint"


class SigningAlgorithm(StrEnum):
    """Signatures of FAPI 2.0; ``EdDSA`` is the older name of Ed25519 (RFC 9864)."""

    ES256 = "ES256"
    PS256 = "PS256"
    ED25519 = "Ed25519"

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the algorithm that a JWT header or client metadata names.

        Raises:
            InvalidInputError: There is no such algorithm here.
        """
        try:
            return cls("Ed25519" if name == "EdDSA" else name)
        except ValueError as error:
            raise InvalidInputError(
                "a signature is ES256, PS256 or Ed25519", field="id_token_alg"
            ) from error


class Agreement(StrEnum):
    """How a key is agreed on for what is sealed to us (RFC 7518 s. 4.6)."""

    ECDH_ES = "ECDH-ES+A256KW"


class KeyState(StrEnum):
    """What time has made of a key."""

    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRING = "retiring"
    REMOVED = "removed"


class Slot(NamedTuple):
    """One key at a time signs, or is sealed to, for a purpose and an algorithm."""

    purpose: SigningPurpose | OpeningPurpose
    algorithm: SigningAlgorithm | Agreement


HINTS: Final = Slot(OpeningPurpose.HINT, Agreement.ECDH_ES)
"""For ``login_hint_token``; there is one such key, whatever clients have registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair with its schedule, in UTC seconds.

    Attributes:
        kid: Thumbprint of RFC 7638; so no two keys share one, ever.
        public_jwk: Required members only, canonical JSON.
        wrapped: The private key; ``None`` once it was destroyed.
    """

    kid: str
    slot: Slot
    public_jwk: str
    wrapped: WrappedKey | None = field(repr=False)
    publish_at: int
    activate_at: int
    retire_at: int
    remove_at: int

    def __post_init__(self) -> None:
        """Refuse a schedule that runs backwards."""
        if not self.publish_at <= self.activate_at <= self.retire_at <= self.remove_at:
            raise InvalidInputError("a schedule runs forwards")

    @property
    def line(self) -> str:
        """What the digest of a set covers; the thumbprint stands for the key itself."""
        times = (self.publish_at, self.activate_at, self.retire_at, self.remove_at)
        kept = "destroyed" if self.wrapped is None else "kept"
        return " ".join([self.kid, *self.slot, *map(str, times), kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A new key pair for a slot, not yet scheduled."""

    kid: str
    slot: Slot
    public_jwk: str
    wrapped: WrappedKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeys:
    """All keys that there ever were, in the order of their ids. Values; each change is a new set.

    Attributes:
        version: 0 before there are any.
    """

    keys: tuple[SigningKey, ...] = ()
    version: int = 0

    @classmethod
    def of(cls, keys: Iterable[SigningKey], *, version: int) -> Self:
        """Return the set of ``keys``, whatever their order."""
        return cls(keys=tuple(sorted(keys, key=lambda key: key.kid)), version=version)

    @property
    def digest(self) -> bytes:
        """SHA-256 over all keys and schedules."""
        return sha256("".join(f"{key.line}\n" for key in self.keys).encode()).digest()

    def signing(self, slot: Slot, *, now: int) -> SigningKey | None:
        """Return the key that signs: of those whose time has come, the newest."""
        ready = [
            key
            for key in self.keys
            if key.slot == slot and key.wrapped and key.activate_at <= now < key.remove_at
        ]
        return max(ready, key=lambda key: (key.activate_at, key.kid), default=None)

    def coming(self, slot: Slot, *, now: int) -> SigningKey | None:
        """Return the key that will sign next, if one is published."""
        waiting = [key for key in self.keys if key.slot == slot and key.activate_at > now]
        return min(waiting, key=lambda key: (key.activate_at, key.kid), default=None)

    def state(self, key: SigningKey, *, now: int) -> KeyState:
        """Return what a key of this set is now."""
        if key.remove_at <= now:
            return KeyState.REMOVED
        if key.activate_at > now:
            return KeyState.PUBLISHED
        return KeyState.ACTIVE if key == self.signing(key.slot, now=now) else KeyState.RETIRING

    def published(self, *, now: int) -> tuple[SigningKey, ...]:
        """Return the keys that anybody may verify with: all but the removed."""
        return tuple(key for key in self.keys if now < key.remove_at)

    def proving(self, kid: str, *, now: int) -> SigningKey | None:
        """Return the key ``kid``, also a year after its removal: for an ``id_token_hint``."""
        found = (key for key in self.keys if key.kid == kid)
        return next((key for key in found if now < key.remove_at + ARCHIVED_SECONDS), None)

    def due(self, slots: Iterable[Slot], *, now: int) -> tuple[Slot, ...]:
        """Return the slots for which a key must be drawn now."""
        return tuple(slot for slot in slots if self._is_due(slot, now=now))

    def introduce(self, drawn: Drawn, *, now: int, early: bool = False) -> Self:
        """Publish a new key; it takes over when the one that signs retires, or at once if none.

        Args:
            drawn: A new key pair.
            now: UTC seconds.
            early: It takes over as soon as it was published for long enough.

        Raises:
            ConflictError: One is published for this slot already.
        """
        if self.coming(drawn.slot, now=now) is not None:
            raise ConflictError("a successor is published already; it takes over by itself")
        before = self.signing(drawn.slot, now=now)
        at = now if before is None else now + PUBLISHED_SECONDS
        if before is not None and not early:
            at = max(at, before.retire_at)
        return self._with(_scheduled(drawn, publish_at=now, activate_at=at), _ending(before, at))

    def withdraw(self, kid: str, *, now: int, drawn: Drawn | None = None) -> Self:
        """Remove a key that is known to others, and let the next one sign at once.

        Args:
            kid: Of the key.
            now: UTC seconds.
            drawn: The next one, where none is published (``coming``).

        Raises:
            NotFoundError: No such key is published.
            ConflictError: It signs, nothing is published to follow it, and nothing was drawn.
        """
        known = next((key for key in self.published(now=now) if key.kid == kid), None)
        if known is None:
            raise NotFoundError("no such key is published")
        signs, following = self.signing(known.slot, now=now), self.coming(known.slot, now=now)
        gone = _stopped(known, now)
        if known != signs:
            return self._with(gone)
        if following is not None:
            return self._with(gone, _moved(following, now))
        if drawn is None:
            raise ConflictError("nothing would sign any more")
        return self._with(gone, _scheduled(drawn, publish_at=now, activate_at=now))

    def destroyable(self, *, now: int) -> tuple[SigningKey, ...]:
        """Return the removed keys whose private part is still there."""
        return tuple(key for key in self.keys if key.wrapped and key.remove_at <= now)

    def destroy(self, *, now: int) -> Self:
        """Drop the private part of every removed key; the public one is archived."""
        return self._with(*(replace(key, wrapped=None) for key in self.destroyable(now=now)))

    def _is_due(self, slot: Slot, *, now: int) -> bool:
        if self.coming(slot, now=now) is not None:
            return False
        key = self.signing(slot, now=now)
        return key is None or key.retire_at - now <= NOTICE_SECONDS

    def _with(self, *changed: SigningKey | None) -> Self:
        found = {key.kid: key for key in (*self.keys, *changed) if key is not None}
        return self.of(found.values(), version=self.version)


def _scheduled(drawn: Drawn, *, publish_at: int, activate_at: int) -> SigningKey:
    retire_at = activate_at + ACTIVE_SECONDS
    return SigningKey(
        kid=drawn.kid,
        slot=drawn.slot,
        public_jwk=drawn.public_jwk,
        wrapped=drawn.wrapped,
        publish_at=publish_at,
        activate_at=activate_at,
        retire_at=retire_at,
        remove_at=retire_at + RETIRING_SECONDS,
    )


def _ending(key: SigningKey | None, at: int) -> SigningKey | None:
    """Let ``key`` retire when its successor takes over."""
    if key is None:
        return None
    return replace(key, retire_at=at, remove_at=at + RETIRING_SECONDS)


def _moved(key: SigningKey, now: int) -> SigningKey:
    """Let a published key sign from now on."""
    retire_at = now + ACTIVE_SECONDS
    return replace(
        key, activate_at=now, retire_at=retire_at, remove_at=retire_at + RETIRING_SECONDS
    )


def _stopped(key: SigningKey, now: int) -> SigningKey:
    """Let a key be gone at once, however far it has come."""
    return replace(
        key,
        activate_at=min(key.activate_at, now),
        retire_at=min(key.retire_at, now),
        remove_at=now,
    )
