"""Known answers, contexts and keyrings for the tests of ``vault.crypto``."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vault.crypto import contexts
from vault.crypto.contexts import Context
from vault.crypto.envelope import CheckFailedError, open_sealed, seal
from vault.crypto.keyring import Keyring
from vault.crypto.keys import RootKey, WrappedKey
from vault.crypto.roots import Capability, Health, Root
from vault.crypto.suites import Suite
from vault.errors import IntegrityError
from vault.ids import DepartmentId, HolderId, RecordId

VAULT_ID = b"\xa1" * 16
HOLDER_ID = HolderId(b"\xb2" * 16)
OTHER_HOLDER_ID = HolderId(b"\xb3" * 16)
RECORD_ID = RecordId(b"\xc3" * 16)
OTHER_RECORD_ID = RecordId(b"\xc4" * 16)
DEPARTMENT_ID = DepartmentId(b"\xd4" * 16)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/crypto_vectors.json").read_text()
)


def blob_context(suite: Suite, *, version: int = 7) -> Context:
    """Return the context of the known answers."""
    return contexts.record_blob(
        suite=suite,
        vault_id=VAULT_ID,
        holder_id=HOLDER_ID,
        record_id=RECORD_ID,
        version=version,
        code="identity.passport",
    )


def fixed(value: bytes) -> Callable[[int], bytes]:
    """Return a source of randomness that gives ``value`` and nothing else."""

    def draw(length: int) -> bytes:
        if length != len(value):
            raise AssertionError("another length was asked for")
        return value

    return draw


def refused_by(error: IntegrityError) -> str:
    """Return which check of the envelope refused."""
    if not isinstance(error.__cause__, CheckFailedError):
        raise TypeError("not refused by the envelope")
    return error.__cause__.check


class FixedProvider:
    """A provider with one root key in memory, for tests that are not about providers."""

    kind = "fixed"
    capabilities: frozenset[Capability] = frozenset({"wrap"})

    def __init__(self, secret: bytes = bytes(range(32))) -> None:
        self._secret = secret

    def root(self) -> Root:
        return Root(self.kind, "00", "")

    def wrap(self, key: bytes, *, root: Root, context: Context) -> bytes:
        return seal(self._key(context), context, key, random=os.urandom)

    def unwrap(self, wrap: bytes, *, root: Root, context: Context) -> bytes:
        return open_sealed(self._key(context), context, wrap)

    def health(self) -> Health:
        return Health(ok=True, detail="always there")

    def _key(self, context: Context) -> RootKey:
        return RootKey(self._secret[: context.suite.key_bytes], suite=context.suite)


def new_keyring(
    suite: Suite = Suite.AES_256_GCM,
    *,
    monotonic: Callable[[], float] = lambda: 0.0,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[Keyring, tuple[WrappedKey, ...]]:
    """Return a new keyring and the rows that it would store."""
    return Keyring.create(
        FixedProvider(), vault_id=VAULT_ID, suite=suite, random=random, monotonic=monotonic
    )
