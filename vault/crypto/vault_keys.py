"""The vault keys: wrapped by a root key, they wrap everything below (crypto.md 2, 8).

One version is live and wraps what is new; older ones open what they wrapped. They stay in
memory; the provider is asked at start only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Self

from vault.crypto import contexts
from vault.crypto.contexts import Context, Purpose
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keys import VaultKey, WrappedKey, WrapState
from vault.crypto.roots import KeyProvider, Root
from vault.crypto.suites import Suite, suite_numbered
from vault.errors import IntegrityError, KeyUnavailableError
from vault.ids import RandomBytes

FIRST: Final = 1


class VaultKeys:
    """Unwrapped vault keys by version; made by ``create`` or ``open``."""

    def __init__(
        self, keys: Mapping[int, VaultKey], *, live: int, vault_id: bytes, random: RandomBytes
    ) -> None:
        """Take unwrapped keys; ``live`` is the version that wraps what is new."""
        self._keys = dict(keys)
        self._live = live
        self._vault_id = vault_id
        self._random = random

    @classmethod
    def create(
        cls, provider: KeyProvider, *, vault_id: bytes, suite: Suite, random: RandomBytes
    ) -> tuple[Self, WrappedKey]:
        """Draw the first vault key of a deployment; return it with its row."""
        secret = random(VaultKey.length(suite))
        root = provider.root()
        context = _context(root, vault_id=vault_id, suite=suite, version=FIRST)
        row = WrappedKey(
            purpose=Purpose.VAULT_KEY,
            owner_id=vault_id,
            name=root.name,
            version=FIRST,
            parent_version=0,
            suite=suite,
            wrap=provider.wrap(secret, root=root, context=context),
            state=WrapState.LIVE,
        )
        keys = {FIRST: VaultKey(secret, suite=suite)}
        return cls(keys, live=FIRST, vault_id=vault_id, random=random), row

    @classmethod
    def open(
        cls,
        provider: KeyProvider,
        *,
        vault_id: bytes,
        rows: Iterable[WrappedKey],
        random: RandomBytes,
    ) -> Self:
        """Unwrap every vault key among ``rows``; other rows are passed over.

        Raises:
            KeyUnavailableError: The provider has not the root key, or no vault key is there.
            IntegrityError: A row belongs to another vault or was altered, or two are live.
        """
        found = [row for row in rows if row.purpose is Purpose.VAULT_KEY]
        if not found:
            raise KeyUnavailableError("there is no vault key")
        if any(row.owner_id != vault_id for row in found):
            raise IntegrityError("a vault key belongs to another vault")
        live = [row.version for row in found if row.state == WrapState.LIVE]
        if len(live) != 1:
            raise IntegrityError("not exactly one vault key is live")
        keys = {row.version: _unwrapped(provider, row) for row in found}
        return cls(keys, live=live[0], vault_id=vault_id, random=random)

    @property
    def suite(self) -> Suite:
        """Suite of what is new: that of the live key."""
        return self._keys[self._live].suite

    def wrap(
        self, purpose: Purpose, *, secret: bytes, owner_id: bytes, name: str = "", version: int
    ) -> WrappedKey:
        """Return ``secret`` wrapped under the live vault key, as a row to store."""
        row = WrappedKey(
            purpose=purpose,
            owner_id=owner_id,
            name=name,
            version=version,
            parent_version=self._live,
            suite=self.suite,
            wrap=b"",
            state=WrapState.LIVE,
        )
        wrap = seal(self._keys[self._live], self._child(row), secret, random=self._random)
        return replace(row, wrap=wrap)

    def unwrap(self, wrapped: WrappedKey) -> bytes:
        """Return the secret inside a row that a vault key wraps.

        Raises:
            KeyUnavailableError: That version of the vault key is not there (any more).
            IntegrityError: The row was altered or moved.
        """
        parent = self._keys.get(wrapped.parent_version)
        if parent is None:
            raise KeyUnavailableError("the vault key that wraps this key is not there")
        return open_sealed(parent, self._child(wrapped), wrapped.wrap)

    def _child(self, row: WrappedKey) -> Context:
        """Return the context of a key that a vault key wraps, from what its row says."""
        suite, vault_id = suite_numbered(row.suite), self._vault_id
        match row.purpose:
            case Purpose.HOLDER_DATA_KEY:
                return contexts.holder_data_key(
                    suite=suite,
                    vault_id=vault_id,
                    holder_id=row.owner_id,
                    version=row.version,
                    vault_key_version=row.parent_version,
                )
            case Purpose.HOLDER_JOURNAL_KEY:
                return contexts.holder_journal_key(
                    suite=suite,
                    vault_id=vault_id,
                    holder_id=row.owner_id,
                    version=row.version,
                    vault_key_version=row.parent_version,
                )
            case Purpose.DEPARTMENT_TAG_KEY:
                return contexts.department_tag_key(
                    suite=suite,
                    vault_id=vault_id,
                    department_id=row.owner_id,
                    version=row.version,
                    vault_key_version=row.parent_version,
                )
            case Purpose.SERVICE_KEY:
                return contexts.service_key(
                    suite=suite,
                    vault_id=vault_id,
                    name=row.name,
                    version=row.version,
                    vault_key_version=row.parent_version,
                )
            case Purpose.SIGNING_KEY:
                return contexts.signing_key(
                    suite=suite,
                    vault_id=vault_id,
                    kid=row.name,
                    vault_key_version=row.parent_version,
                )
            case _:
                raise IntegrityError("a vault key wraps no such key")


def _unwrapped(provider: KeyProvider, row: WrappedKey) -> VaultKey:
    root, suite = Root.parse(row.name), suite_numbered(row.suite)
    context = _context(root, vault_id=row.owner_id, suite=suite, version=row.version)
    return VaultKey(provider.unwrap(row.wrap, root=root, context=context), suite=suite)


def _context(root: Root, *, vault_id: bytes, suite: Suite, version: int) -> Context:
    return contexts.vault_key(
        suite=suite,
        vault_id=vault_id,
        version=version,
        provider_kind=root.kind,
        provider_key_id=root.key_id,
        provider_parameters=root.parameters,
    )
