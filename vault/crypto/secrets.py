"""Secrets that are handed out, and how they are kept: keyed hashes, and short-lived sealed rows.

What a caller will present again (a token, a code, a cookie) is stored as its keyed hash only.
What a row must keep in plain for a short while, such as the parameters of a pushed request, is
sealed for that row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from vault.crypto.contexts import outbox, protocol
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keyring import Keyring
from vault.crypto.keys import SealingKey, ServiceKey, WrappedKey, WrapState
from vault.crypto.tokens import PEPPER, mint, token_hash
from vault.errors import KeyUnavailableError
from vault.ids import RandomBytes

SEALING: Final = "seal.protocol"
"""Name of the service key that seals short-lived rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The keys for what is handed out.

    Attributes:
        peppers: Keys of the hashes, the one in use first.
        sealing: Seals what a pushed request holds.
    """

    vault_id: bytes
    peppers: tuple[ServiceKey, ...] = field(repr=False)
    sealing: SealingKey = field(repr=False)
    random: RandomBytes = field(repr=False)

    @classmethod
    def load(cls, keyring: Keyring, *, rows: Iterable[WrappedKey], random: RandomBytes) -> Self:
        """Unwrap the two service keys among ``rows``.

        Raises:
            KeyUnavailableError: One of them is not there.
        """
        found = sorted(rows, key=lambda row: (row.state is not WrapState.LIVE, -row.version))
        peppers = [keyring.service_key(row) for row in found if row.name == PEPPER]
        sealing = [keyring.sealing_key(row) for row in found if row.name == SEALING]
        if not peppers or not sealing:
            raise KeyUnavailableError("the keys for tokens are not there")
        return cls(
            vault_id=keyring.vault_id, peppers=tuple(peppers), sealing=sealing[0], random=random
        )

    def mint(self, prefix: str) -> str:
        """Return a new secret: prefix, 256 random bits, checksum."""
        return mint(prefix, random=self.random)

    def hash(self, secret: str) -> bytes:
        """Return the keyed hash under which ``secret`` is stored, 32 bytes."""
        return token_hash(secret, pepper=self.peppers[0])

    def hashes(self, secret: str) -> tuple[bytes, ...]:
        """Return every hash that ``secret`` may be stored under, the newest first."""
        return tuple(token_hash(secret, pepper=pepper) for pepper in self.peppers)

    def keyed(self, message: bytes) -> bytes:
        """Return a keyed hash of ``message`` that every process computes alike."""
        return self.peppers[0].hmac(message)

    def seal(self, plain: bytes, *, request_id: bytes) -> bytes:
        """Seal ``plain`` for the row that ``request_id``, 16 bytes, names."""
        context = protocol(suite=self.sealing.suite, vault_id=self.vault_id, request_id=request_id)
        return seal(self.sealing, context, plain, random=self.random)

    def open(self, sealed: bytes, *, request_id: bytes) -> bytes:
        """Open what ``seal`` made.

        Raises:
            IntegrityError: Altered, or of another row.
        """
        context = protocol(suite=self.sealing.suite, vault_id=self.vault_id, request_id=request_id)
        return open_sealed(self.sealing, context, sealed)

    def seal_message(self, plain: bytes, *, message_id: bytes) -> bytes:
        """Seal ``plain`` for the outbox row that ``message_id``, 16 bytes, names."""
        context = outbox(suite=self.sealing.suite, vault_id=self.vault_id, message_id=message_id)
        return seal(self.sealing, context, plain, random=self.random)

    def open_message(self, sealed: bytes, *, message_id: bytes) -> bytes:
        """Open what ``seal_message`` made.

        Raises:
            IntegrityError: Altered, or of another row.
        """
        context = outbox(suite=self.sealing.suite, vault_id=self.vault_id, message_id=message_id)
        return open_sealed(self.sealing, context, sealed)
