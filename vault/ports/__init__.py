"""What the vault asks of the world: stores, the journal, sealed files. ``storage`` provides it.

A ``Tx`` is one transaction; its stores see each other's writes. Rows of ``guarded`` are written
by journal operations only; those of ``protocol`` by plain units of work. Lookups return
``None`` for what is not there; writes that meet another version raise ``ConflictError``; a
database that does not answer raises ``StorageError``.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vault.clients.protocol import Claim
from vault.crypto.keys import WrappedKey
from vault.ids import EntryId, Space
from vault.notices import Notice
from vault.ports.demands import Demands
from vault.ports.guarded import (
    ActivePolicy,
    Cases,
    Clients,
    Consents,
    Departments,
    Developers,
    Holders,
    IdentifierIndex,
    Mandates,
    Passkeys,
    Policies,
    Records,
    SigningKeyStore,
)
from vault.ports.protocol import LiveToken, ProtocolRows
from vault.ports.refusals import Refusals
from vault.ports.registrations import Registrations
from vault.ports.use_receipts import UseReceipts
from vault.ports.witnesses import WitnessStates

__all__ = [
    "ActivePolicy",
    "Blobs",
    "Cases",
    "Clients",
    "Consents",
    "Demands",
    "Departments",
    "Developers",
    "Entries",
    "Holders",
    "IdentifierIndex",
    "KeptEntry",
    "LiveToken",
    "Mandates",
    "Notices",
    "Passkeys",
    "Policies",
    "ProtocolRows",
    "Read",
    "Records",
    "Refusals",
    "Registrations",
    "SharedAct",
    "SharedWork",
    "SigningKeyStore",
    "SystemKeys",
    "Tx",
    "UseReceipts",
    "WitnessStates",
    "Work",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEntry:
    """A journal entry as kept beside the tree (journal.md 15)."""

    log_id: int
    index: int
    entry_id: EntryId
    space: Space | None
    holder_seq: int | None
    actor_id: bytes
    actor_seq: int
    key_version: int
    leaf: bytes
    payload: bytes
    inputs: bytes | None


class Notices(Protocol):
    """What holders are told."""

    def of_holder(self, space: Space, *, limit: int) -> tuple[Notice, ...]:
        """Return at most ``limit`` notices of a holder, newest first."""

    def add(self, notices: Sequence[Notice]) -> None:
        """Queue what holders are told."""

    def mark_read(self, space: Space, *, at_ms: int) -> None:
        """Mark every unread notice of a holder as read at ``at_ms`` (UTC milliseconds)."""


class Entries(Protocol):
    """Entries as the portal and the verifier read them; only the writer appends."""

    def get(self, log_id: int, *, entry_id: EntryId) -> KeptEntry | None:
        """Return one entry of a log, or ``None``."""

    def of_holder(self, space: Space, *, before: int | None, limit: int) -> tuple[KeptEntry, ...]:
        """Return a holder's entries, newest first, with ``holder_seq`` below ``before``."""

    def acts(self, log_id: int, *, actor_id: bytes, size: int) -> int:
        """Return how many of the first ``size`` entries of a log an actor made."""


class SystemKeys(Protocol):
    """What a deployment is: its id, its wrapped vault keys and service keys."""

    def vault_id(self) -> bytes | None:
        """Return the id of this deployment, 16 bytes; ``None`` before it has one."""

    def set_vault_id(self, vault_id: bytes) -> None:
        """Give the deployment its id, once and for good."""

    def all(self) -> tuple[WrappedKey, ...]:
        """Return the wrapped vault keys and service keys, of every version."""

    def add(self, key: WrappedKey) -> None:
        """Keep one more wrapped key; ``ConflictError`` where that version is there."""


class Tx(Protocol):
    """One transaction over all stores."""

    def foresee(self, reads: "Callable[[Tx], object]") -> None:
        """Announce what will be read, so that a database at a distance is asked once.

        Changes no answer. ``reads`` calls what will be called later, on a transaction in which
        nothing is found, and uses no result.
        """

    @property
    def system(self) -> SystemKeys:
        """Identity and keys of the deployment."""

    @property
    def holders(self) -> Holders:
        """Holders, numbers and their keys."""

    @property
    def records(self) -> Records:
        """Record versions and their keys."""

    @property
    def consents(self) -> Consents:
        """Consents and their uses."""

    @property
    def use_receipts(self) -> UseReceipts:
        """What departments owe for what they pulled."""

    @property
    def demands(self) -> Demands:
        """What holders demand of departments."""

    @property
    def mandates(self) -> Mandates:
        """Mandates."""

    @property
    def cases(self) -> Cases:
        """Cases."""

    @property
    def passkeys(self) -> Passkeys:
        """Passkeys."""

    @property
    def departments(self) -> Departments:
        """Departments and tag keys."""

    @property
    def clients(self) -> Clients:
        """Clients."""

    @property
    def developers(self) -> Developers:
        """Developers of departments."""

    @property
    def registrations(self) -> Registrations:
        """How clients registered themselves."""

    @property
    def refusals(self) -> Refusals:
        """Refused requests."""

    @property
    def policies(self) -> Policies:
        """Policy bundles."""

    @property
    def signing(self) -> SigningKeyStore:
        """Keys that sign JWTs."""

    @property
    def notices(self) -> Notices:
        """What holders are told."""

    @property
    def entries(self) -> Entries:
        """Entries of the journal, to read."""

    @property
    def witnesses(self) -> WitnessStates:
        """What witnesses have signed."""

    @property
    def protocol(self) -> ProtocolRows:
        """Short-lived rows."""


Read = Callable[[], AbstractContextManager[Tx]]
"""Starts a read-only unit of work; writing through it raises ``StorageError``."""

Work = Callable[[], AbstractContextManager[Tx]]
"""Starts a plain unit of work for protocol rows; commits when the block ends without error."""

T = TypeVar("T")
SharedAct = Callable[[Tx, Sequence[bool]], T]
"""What one unit of work does; it is told of each claim whether it was new."""


class SharedWork(Protocol):
    """Plain units of work that share their commit with others'; each still happens or does not."""

    def enqueue(self, claims: Sequence[Claim], act: SharedAct[T]) -> Future[T]:
        """Queue a unit of work without waiting; its result is there once it was committed.

        Args:
            claims: Written before ``act``, and kept whatever it returns.
            act: Runs in a thread that others wait for, perhaps more than once; nothing that it
                did outlives an error that it raises.

        Raises:
            StorageError: Too much waits, or the database is being closed.
        """
        ...


class Blobs(Protocol):
    """Sealed files under random names (crypto.md 7): intent, write, check, then the deposit."""

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        """Record the intent, write durably, check the length; return ``(object_key, bytes)``."""

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        """Return up to ``length`` sealed bytes from ``offset``; ``IntegrityError`` if gone."""

    def collect(self, *, now_ms: int) -> int:
        """Remove what expired intents left behind; return how many objects went."""
