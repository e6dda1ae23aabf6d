"""Passkeys: public keys whose private halves stay with their holder (W3C WebAuthn Level 3)."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType

from vault.clients.levels import AAL2, AAL3
from vault.ids import EntryId, Space

PasskeyId = NewType("PasskeyId", bytes)

MOST: Final = 10
"""Passkeys that one holder may have at a time."""


class PasskeyStatus(StrEnum):
    """A passkey that was removed keeps its row: the log says when it ended."""

    ACTIVE = "active"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A registered passkey. Every one has verified its user; one that does not is not taken.

    Attributes:
        credential_id: As the authenticator named it; browsers are told not to make it twice.
        public_key: COSE_Key (RFC 9052 s. 7).
        device_bound: It cannot be copied to another device (BE = 0).
        attested: Its make was proven by a certificate that the operator trusts.
        attestation: Format of the statement, ``none`` where there was none.
        aaguid: Names the make, 16 bytes; zeros where it is not told.
        name: The holder's own word for it, sealed (context ``protocol``).
    """

    space: Space
    passkey_id: PasskeyId
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    status: PasskeyStatus
    version: int
    device_bound: bool
    attested: bool
    attestation: str
    aaguid: bytes
    name: bytes = field(repr=False)
    created_at_ms: int
    ended_at_ms: int | None
    state_entry: EntryId

    @property
    def credential_hash(self) -> bytes:
        """What it is found by, 32 bytes."""
        return hash_of(self.credential_id)

    @property
    def acr(self) -> str:
        """The level that signing in with it reaches."""
        return AAL3 if self.attested and self.device_bound else AAL2


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUse:
    """What changes each time that a passkey is used; it lives as long as the passkey is active.

    Attributes:
        sign_count: As the authenticator counts; 0 where it does not.
        backed_up: A copy lies elsewhere (BS).
        last_used_at: UTC seconds; ``None`` before it was ever used.
    """

    credential_hash: bytes
    space: Space
    sign_count: int
    backed_up: bool
    last_used_at: int | None = None


class Ceremony(StrEnum):
    """What a challenge is good for, and nothing else."""

    REGISTER = "register"
    REGISTER_ATTESTED = "register-attested"
    SIGN_IN = "sign-in"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge that a browser was given (WebAuthn 13.4.3).

    Attributes:
        challenge_hash: Keyed hash of the challenge.
        bound_hash: Keyed hash of the secret of the browser that it was given to.
    """

    challenge_hash: bytes = field(repr=False)
    bound_hash: bytes = field(repr=False)
    ceremony: Ceremony
    expires_at: int


def hash_of(credential_id: bytes) -> bytes:
    """Return what a passkey is found by. The id is random and no secret: no key is needed."""
    return sha256(credential_id).digest()
