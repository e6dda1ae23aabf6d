"""Keys as types that cannot be printed, compared or pickled, and wrapped keys as row values.

Each class names the purposes that it may seal; the envelope refuses every other one, so a key
cannot be turned against what it was not made for (crypto.md 2, B2).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from hmac import digest
from typing import ClassVar, Final, NoReturn

from vault.crypto.contexts import Purpose
from vault.crypto.suites import Suite
from vault.errors import IntegrityError

MAC_BYTES: Final = 32
SEED_BYTES: Final = 32


class Key:
    """A secret of one suite."""

    __slots__ = ("_secret", "suite")

    seals: ClassVar[frozenset[Purpose]] = frozenset()
    """What may be sealed and opened under it."""

    suite: Suite

    def __init__(self, secret: bytes, *, suite: Suite) -> None:
        """Keep ``secret``.

        Raises:
            IntegrityError: It has not the length that such a key has in ``suite``.
        """
        if len(secret) != self.length(suite):
            raise IntegrityError("a key has the wrong length")
        self._secret = secret
        self.suite = suite

    @classmethod
    def length(cls, suite: Suite) -> int:
        """Return how many bytes a key of this kind has in ``suite``."""
        return suite.key_bytes

    def reveal(self) -> bytes:
        """Return the bare bytes: for the envelope, derivations and openings, for no log."""
        return self._secret

    def __repr__(self) -> str:
        """Name the kind, show nothing of the key."""
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("a key does not leave its process")


class MacKey(Key):
    """A key for keyed hashes: tags, references, stored tokens. 32 bytes in every suite."""

    __slots__ = ()

    @classmethod
    def length(cls, _suite: Suite) -> int:
        """Return 32, the output length of the hashes (RFC 2104 section 3)."""
        return MAC_BYTES

    def hmac(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message``, 32 bytes (RFC 2104)."""
        return digest(self._secret, message, "sha256")


class RootKey(Key):
    """What a provider holds."""

    __slots__ = ()
    seals = frozenset({Purpose.VAULT_KEY})


class VaultKey(Key):
    """Wraps everything below it; lives in the keyring."""

    __slots__ = ()
    seals = frozenset(
        {
            Purpose.HOLDER_DATA_KEY,
            Purpose.HOLDER_JOURNAL_KEY,
            Purpose.DEPARTMENT_TAG_KEY,
            Purpose.SERVICE_KEY,
            Purpose.SIGNING_KEY,
        }
    )


class HolderDataKey(Key):
    """Wraps the record keys of one holder, and seals the holder's profile."""

    __slots__ = ()
    seals = frozenset({Purpose.RECORD_KEY, Purpose.HOLDER_PROFILE})


class RecordKey(Key):
    """Seals payload and files of one record version."""

    __slots__ = ()
    seals = frozenset({Purpose.RECORD_BLOB, Purpose.RECORD_FILE})


class HolderJournalKey(Key):
    """Entry keys are derived from it; wraps the tag key, seals decision inputs."""

    __slots__ = ()
    seals = frozenset({Purpose.HOLDER_TAG_KEY, Purpose.DECISION_INPUTS})


class SystemJournalKey(Key):
    """The journal key of entries without a holder, and of every erasure."""

    __slots__ = ()
    seals = frozenset({Purpose.DECISION_INPUTS})


class EntryKey(Key):
    """Seals one journal payload; handed out in the opening of that entry."""

    __slots__ = ()
    seals = frozenset({Purpose.AUDIT_PAYLOAD})


class HolderTagKey(MacKey):
    """Holder tags and references (journal.md 3, 4); the holder may export it."""

    __slots__ = ()


class DepartmentTagKey(MacKey):
    """Actor tags; the department may export its own."""

    __slots__ = ()


class ServiceKey(MacKey):
    """A keyed hash of the deployment: a token pepper, a blind index. One name, one use."""

    __slots__ = ()


class SealingKey(Key):
    """Seals what the deployment keeps for a short time: messages, protocol rows."""

    __slots__ = ()
    seals = frozenset({Purpose.OUTBOX, Purpose.PROTOCOL})


class SigningSeed(Key):
    """Seed of an Ed25519 key, 32 bytes in every suite (RFC 8032); seals nothing."""

    __slots__ = ()

    @classmethod
    def length(cls, _suite: Suite) -> int:
        """Return 32."""
        return SEED_BYTES


class WrapState(StrEnum):
    """What a wrapped key is still for."""

    LIVE = "live"
    RETIRED = "retired"
    """Opens what it sealed, seals nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A row of a key table. It is trusted for nothing: the context repeats what it says.

    Attributes:
        purpose: Which context the wrap is sealed with.
        owner_id: 16 bytes: holder, department or record; the vault id for keys of the vault.
        name: Name of a service key; thumbprint of a signing key; of a vault key, the root that
            wraps it; else empty.
        version: Own version; for a record key, that of the record.
        parent_version: Version of the wrapping key; 0 for a vault key.
        suite: Of the wrap and of the key inside.
        wrap: The sealed key: 72 bytes and the key (of a signing key, its PKCS #8).
    """

    purpose: Purpose
    owner_id: bytes
    name: str
    version: int
    parent_version: int
    suite: Suite
    wrap: bytes = field(repr=False)
    state: WrapState
