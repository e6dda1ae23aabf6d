"""Makes and unwraps every key but record keys (crypto.md 2; those: ``record_keys``).

    root key (provider) → vault key → holder data key → record key
                                    → holder journal key → holder tag key
                                    → department tag keys, service keys, signing keys

All keys are random and wrapped by their parent; no key is derived from another. A wrap names
its parent's version and its owner in its context, so a row that was moved does not open.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self, TypeVar

from vault.crypto import contexts
from vault.crypto.contexts import Purpose
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.key_cache import KeyCache, Monotonic
from vault.crypto.keys import (
    DepartmentTagKey,
    HolderDataKey,
    HolderJournalKey,
    HolderTagKey,
    Key,
    SealingKey,
    ServiceKey,
    SigningSeed,
    SystemJournalKey,
    WrappedKey,
    WrapState,
)
from vault.crypto.roots import KeyProvider
from vault.crypto.signing import SignatureType, SignerKey
from vault.crypto.suites import Suite, suite_numbered
from vault.crypto.vault_keys import FIRST, VaultKeys
from vault.errors import IntegrityError
from vault.ids import DepartmentId, HolderId, RandomBytes

SYSTEM_ACTOR_ID: Final = DepartmentId(bytes(15) + b"\x01")
"""Owner of the tag key and counter of the system's own acts."""
HOLDERS_ACTOR_ID: Final = DepartmentId(bytes(15) + b"\x02")
"""Owner of the tag key and counter of all holders' own acts."""

SYSTEM_JOURNAL: Final = "system-journal"
CHECKPOINT: Final = "checkpoint"
CHECKPOINT_ML_DSA: Final = "checkpoint.ml-dsa-44"
SEALING: Final = "seal."
"""How names of service keys that seal begin. Every other name is that of a keyed hash."""

_SIGNERS: Final = {CHECKPOINT: SignatureType(1), CHECKPOINT_ML_DSA: SignatureType(6)}
_NAMED: Final = frozenset({Purpose.SERVICE_KEY, Purpose.SIGNING_KEY})

K = TypeVar("K", bound=Key)


class HolderKeyWraps(NamedTuple):
    """The keys of a new holder, as rows to store."""

    data: WrappedKey
    journal: WrappedKey
    tag: WrappedKey


class Keyring:
    """The vault keys in memory, and what they wrap. Thread-safe; made by ``create`` or ``open``.

    Unwrapping raises ``IntegrityError`` for a row that was altered, moved or is another key's,
    and ``KeyUnavailableError`` where the vault key that wrapped it is gone.

    Attributes:
        vault_id: 16 bytes, part of every context.
        random: The source of salts and keys.
    """

    def __init__(
        self,
        vault_keys: VaultKeys,
        *,
        vault_id: bytes,
        random: RandomBytes,
        monotonic: Monotonic,
    ) -> None:
        """Take opened vault keys; nothing is unwrapped yet."""
        self._vault_keys = vault_keys
        self._cache = KeyCache(monotonic=monotonic)
        self.vault_id: Final = vault_id
        self.random: Final = random

    @classmethod
    def create(
        cls,
        provider: KeyProvider,
        *,
        vault_id: bytes,
        suite: Suite,
        random: RandomBytes,
        monotonic: Monotonic,
    ) -> tuple[Self, tuple[WrappedKey, ...]]:
        """Draw the first keys of a deployment.

        Returns:
            The keyring, and the rows to store: the vault key, the system journal key, and the
            tag keys of the system's and of all holders' own acts, in this order.
        """
        vault_keys, row = VaultKeys.create(provider, vault_id=vault_id, suite=suite, random=random)
        keyring = cls(vault_keys, vault_id=vault_id, random=random, monotonic=monotonic)
        return keyring, (
            row,
            keyring.new_service_key(SYSTEM_JOURNAL),
            keyring.new_department_tag_key(SYSTEM_ACTOR_ID),
            keyring.new_department_tag_key(HOLDERS_ACTOR_ID),
        )

    @classmethod
    def open(
        cls,
        provider: KeyProvider,
        *,
        vault_id: bytes,
        rows: Iterable[WrappedKey],
        random: RandomBytes,
        monotonic: Monotonic,
    ) -> Self:
        """Unwrap every vault key among ``rows``; other rows are passed over.

        Raises:
            KeyUnavailableError: The provider has not the root key, or no vault key is there.
            IntegrityError: A row belongs to another vault or was altered, or two are live.
        """
        vault_keys = VaultKeys.open(provider, vault_id=vault_id, rows=rows, random=random)
        return cls(vault_keys, vault_id=vault_id, random=random, monotonic=monotonic)

    @property
    def suite(self) -> Suite:
        """Suite of new keys: that of the live vault key."""
        return self._vault_keys.suite

    def new_holder_keys(self, holder_id: HolderId) -> HolderKeyWraps:
        """Draw the three keys of a new holder."""
        journal_key = HolderJournalKey(self._draw(HolderJournalKey), suite=self.suite)
        tag = WrappedKey(
            purpose=Purpose.HOLDER_TAG_KEY,
            owner_id=holder_id,
            name="",
            version=FIRST,
            parent_version=FIRST,
            suite=self.suite,
            wrap=seal(
                journal_key,
                contexts.holder_tag_key(
                    suite=self.suite,
                    vault_id=self.vault_id,
                    holder_id=holder_id,
                    journal_key_version=FIRST,
                ),
                self._draw(HolderTagKey),
                random=self.random,
            ),
            state=WrapState.LIVE,
        )
        return HolderKeyWraps(
            data=self._wrap(
                Purpose.HOLDER_DATA_KEY, secret=self._draw(HolderDataKey), owner_id=holder_id
            ),
            journal=self._wrap(
                Purpose.HOLDER_JOURNAL_KEY, secret=journal_key.reveal(), owner_id=holder_id
            ),
            tag=tag,
        )

    def data_key(self, wrapped: WrappedKey) -> HolderDataKey:
        """Unwrap a holder data key."""
        return self._unwrap(wrapped, kind=HolderDataKey, purpose=Purpose.HOLDER_DATA_KEY)

    def journal_key(self, wrapped: WrappedKey) -> HolderJournalKey:
        """Unwrap a holder journal key."""
        return self._unwrap(wrapped, kind=HolderJournalKey, purpose=Purpose.HOLDER_JOURNAL_KEY)

    def holder_tag_key(self, wrapped: WrappedKey, *, journal: WrappedKey) -> HolderTagKey:
        """Unwrap a holder tag key with the journal key that wraps it.

        Args:
            wrapped: The tag key's row.
            journal: The row of the same holder's journal key, in the version that wraps it.
        """
        _expect(wrapped, Purpose.HOLDER_TAG_KEY)
        if (wrapped.owner_id, wrapped.parent_version) != (journal.owner_id, journal.version):
            raise IntegrityError("the tag key is wrapped by another journal key")

        def unwrap() -> HolderTagKey:
            suite = suite_numbered(wrapped.suite)
            context = contexts.holder_tag_key(
                suite=suite,
                vault_id=self.vault_id,
                holder_id=wrapped.owner_id,
                journal_key_version=wrapped.parent_version,
            )
            secret = open_sealed(self.journal_key(journal), context, wrapped.wrap)
            return HolderTagKey(secret, suite=suite)

        return self._cache.get(wrapped, kind=HolderTagKey, unwrap=unwrap)

    def new_department_tag_key(self, department_id: DepartmentId) -> WrappedKey:
        """Draw the tag key of a department."""
        secret = self._draw(DepartmentTagKey)
        return self._wrap(Purpose.DEPARTMENT_TAG_KEY, secret=secret, owner_id=department_id)

    def department_tag_key(self, wrapped: WrappedKey) -> DepartmentTagKey:
        """Unwrap the tag key of a department, of the holders' own acts, or of the system."""
        return self._unwrap(wrapped, kind=DepartmentTagKey, purpose=Purpose.DEPARTMENT_TAG_KEY)

    def new_service_key(self, name: str, *, version: int = FIRST) -> WrappedKey:
        """Draw a key of the deployment; its name says what it is for, and so of which kind.

        ``system-journal``, ``checkpoint…`` and ``seal.…`` are what they say; every other name
        (``pepper``, ``bi.<type>``) is that of a keyed hash.
        """
        return self._vault_keys.wrap(
            Purpose.SERVICE_KEY,
            secret=self._draw(_kind_of(name)),
            owner_id=self.vault_id,
            name=name,
            version=version,
        )

    def service_key(self, wrapped: WrappedKey) -> ServiceKey:
        """Unwrap a keyed hash: a token pepper, a blind index."""
        return self._named(wrapped, kind=ServiceKey)

    def sealing_key(self, wrapped: WrappedKey) -> SealingKey:
        """Unwrap a key that seals short-lived things; its name begins with ``seal.``."""
        return self._named(wrapped, kind=SealingKey)

    def system_journal_key(self, wrapped: WrappedKey) -> SystemJournalKey:
        """Unwrap the journal key of erasures and of entries without a holder."""
        return self._named(wrapped, kind=SystemJournalKey)

    def checkpoint_signer(self, wrapped: WrappedKey, *, origin: str) -> SignerKey:
        """Return a key that signs the checkpoints of the log ``origin``."""
        seed = self._named(wrapped, kind=SigningSeed).reveal()
        return SignerKey(seed, name=origin, algorithm=_SIGNERS[wrapped.name])

    def wrap_private(self, private: bytes, *, kid: str) -> WrappedKey:
        """Wrap a private key that signs JWTs.

        Args:
            private: PKCS #8, DER.
            kid: Its thumbprint (RFC 7638).
        """
        return self._vault_keys.wrap(
            Purpose.SIGNING_KEY, secret=private, owner_id=self.vault_id, name=kid, version=FIRST
        )

    def private(self, wrapped: WrappedKey) -> bytes:
        """Unwrap a private key that signs JWTs; it is not cached here."""
        _expect(wrapped, Purpose.SIGNING_KEY)
        return self._vault_keys.unwrap(wrapped)

    def forget(self, owner_id: bytes) -> None:
        """Drop the cached keys of one holder, after an erasure."""
        self._cache.forget(owner_id)

    def sweep(self) -> None:
        """Drop cached keys older than a minute; called now and then, so that none lingers."""
        self._cache.sweep()

    def _draw(self, kind: type[Key]) -> bytes:
        return self.random(kind.length(self.suite))

    def _wrap(self, purpose: Purpose, *, secret: bytes, owner_id: bytes) -> WrappedKey:
        return self._vault_keys.wrap(purpose, secret=secret, owner_id=owner_id, version=FIRST)

    def _named(self, wrapped: WrappedKey, *, kind: type[K]) -> K:
        if _kind_of(wrapped.name) is not kind:
            raise IntegrityError("a service key is used for something else")
        return self._unwrap(wrapped, kind=kind, purpose=Purpose.SERVICE_KEY)

    def _unwrap(self, wrapped: WrappedKey, *, kind: type[K], purpose: Purpose) -> K:
        _expect(wrapped, purpose)
        return self._cache.get(
            wrapped,
            kind=kind,
            unwrap=lambda: kind(
                self._vault_keys.unwrap(wrapped), suite=suite_numbered(wrapped.suite)
            ),
        )


def _kind_of(name: str) -> type[Key]:
    if name.startswith(SEALING):
        return SealingKey
    kinds = {SYSTEM_JOURNAL: SystemJournalKey, **dict.fromkeys(_SIGNERS, SigningSeed)}
    return kinds.get(name, ServiceKey)


def _expect(wrapped: WrappedKey, purpose: Purpose) -> None:
    if wrapped.purpose is not purpose:
        raise IntegrityError("a wrapped key is of another kind")
    if wrapped.name and purpose not in _NAMED:  # In no context, so nobody vouches.
        raise IntegrityError("a wrapped key has a name that its kind has not")
