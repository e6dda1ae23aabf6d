"""What the vault asks of the world: stores, the journal, sealed files. ``storage`` provides it.

A ``Tx`` is one transaction; its stores see each other's writes. Guarded tables (marked
**guarded**) are written by journal operations only, so that what a decision read is still
true when its entry is committed. Lookups return ``None`` for what is not there; writes that
meet another version raise ``ConflictError``; a database that does not answer raises
``StorageError``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vault.cases import Case
from vault.clients import Client
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    Message,
    PushedRequest,
    SignIn,
    SignInAttempt,
)
from vault.consents import Consent, Use
from vault.crypto.keys import WrappedKey
from vault.departments import Department
from vault.holders import Holder
from vault.identifiers import IdentifierKind
from vault.ids import CaseNumber, ClientId, DepartmentId, EntryId, GrantId, RecordId, Space
from vault.notices import Notice
from vault.records import RecordHead, SealedRecord, VersionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierIndex:
    """A holder's number as the database knows it: keyed hash, 32 bytes (crypto.md 11)."""

    kind: IdentifierKind
    index: bytes
    key_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePolicy:
    """The policy bundle that decides now (guarded)."""

    bundle_hash: bytes
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token that may be used now, with everything its use is judged by."""

    token: AccessToken
    client: Client
    department: Department
    consent: Consent | None


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


class Holders(Protocol):
    """**guarded**: holders, their numbers, their wrapped keys."""

    def get(self, space: Space) -> Holder | None: ...
    def find(self, kind: IdentifierKind, index: bytes) -> Space | None: ...
    def keys(self, space: Space) -> tuple[WrappedKey, ...]: ...
    def add(
        self, holder: Holder, *, numbers: Sequence[IdentifierIndex], keys: Sequence[WrappedKey]
    ) -> None: ...
    def set_profile(self, space: Space, *, profile: bytes, expected: int) -> None: ...


class Records(Protocol):
    """**guarded**: record heads and versions, their wrapped keys and files."""

    def heads(self, space: Space) -> tuple[RecordHead, ...]: ...
    def heads_of_code(self, space: Space, *, code: str) -> tuple[RecordHead, ...]: ...
    def head(self, space: Space, *, record_id: RecordId) -> RecordHead | None: ...
    def version(self, ref: VersionRef) -> SealedRecord | None: ...
    def find(self, record_id: RecordId) -> Space | None:
        """Say in whose space a record is: issuers name a record by its id alone."""
        ...

    def add_version(
        self, record: SealedRecord, *, key: WrappedKey, expected: int, entry_id: EntryId
    ) -> None:
        """Write a version with its own payload; ``expected`` is the head it follows, 0 for none.

        The files of ``record`` must be pending intents, which become committed; a file that
        an earlier version holds already may not be named again.
        """
        ...

    def carry_on(self, head: RecordHead, *, expected: int, entry_id: EntryId) -> None:
        """Write a version that keeps the payload of ``head.payload_version``."""
        ...


class Consents(Protocol):
    """**guarded**: grants and how often they were used."""

    def get(self, space: Space, *, grant_id: GrantId) -> Consent | None: ...
    def of_holder(self, space: Space) -> tuple[Consent, ...]: ...
    def uses(self, space: Space, *, grant_id: GrantId) -> Mapping[str, Use]: ...
    def add(self, consent: Consent, *, uses: Sequence[Use]) -> None: ...
    def replace(self, consent: Consent, *, expected: int) -> None: ...


class Cases(Protocol):
    """**guarded**: cases."""

    def get(self, space: Space, *, case_no: CaseNumber) -> Case | None: ...
    def find(self, case_no: CaseNumber) -> Case | None: ...
    def of_holder(self, space: Space) -> tuple[Case, ...]: ...
    def add(self, case: Case) -> None: ...
    def replace(self, case: Case, *, expected: int) -> None: ...


class Departments(Protocol):
    """**guarded**: departments and their tag keys."""

    def get(self, department_id: DepartmentId) -> Department | None: ...
    def find(self, code: str) -> Department | None: ...
    def tag_key(self, department_id: DepartmentId) -> WrappedKey | None: ...
    def add(self, department: Department, *, tag_key: WrappedKey) -> None: ...
    def replace(self, department: Department, *, expected: int) -> None: ...


class Clients(Protocol):
    """**guarded**: registered clients."""

    def get(self, client_id: ClientId) -> Client | None: ...
    def all(self) -> tuple[Client, ...]: ...
    def add(self, client: Client) -> None: ...
    def replace(self, client: Client, *, expected: int) -> None: ...


class Policies(Protocol):
    """**guarded** pointer; bundle texts are kept for ever, for replay."""

    def active(self) -> ActivePolicy | None: ...
    def text(self, bundle_hash: bytes) -> str | None: ...
    def activate(self, bundle_hash: bytes, *, text: str) -> None: ...


class Notices(Protocol):
    """What holders are told."""

    def of_holder(self, space: Space, *, limit: int) -> tuple[Notice, ...]: ...
    def add(self, notices: Sequence[Notice]) -> None: ...
    def mark_read(self, space: Space, *, at_ms: int) -> None: ...


class Entries(Protocol):
    """Entries as the portal and the verifier read them; only the writer appends."""

    def get(self, log_id: int, *, entry_id: EntryId) -> KeptEntry | None: ...
    def of_holder(self, space: Space, *, before: int | None, limit: int) -> tuple[KeptEntry, ...]:
        """Return a holder's entries, newest first, with ``holder_seq`` below ``before``."""
        ...


class ProtocolRows(Protocol):
    """Short-lived rows; the only ones that plain transactions may write."""

    def push(self, request: PushedRequest) -> None: ...
    def pushed(self, request_hash: bytes) -> PushedRequest | None: ...
    def spend_pushed(self, request_hash: bytes, *, now: int) -> bool: ...
    def open_interaction(self, interaction: Interaction) -> None: ...
    def interaction(self, interaction_id: bytes) -> Interaction | None: ...
    def interaction_of(
        self, request_hash: bytes, *, browser_hash: bytes
    ) -> Interaction | None: ...
    def bind_interaction(self, interaction_id: bytes, *, signin_hash: bytes) -> bool: ...
    def close_interaction(self, interaction_id: bytes, *, state: InteractionState) -> bool: ...
    def add_code(self, code: AuthorizationCode) -> None: ...
    def code(self, code_hash: bytes) -> AuthorizationCode | None: ...
    def spend_code(self, code_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        """Claim a code in one statement: unspent, unexpired and this client's."""
        ...

    def add_token(self, token: AccessToken) -> None: ...
    def live_token(self, token_hash: bytes, *, now: int) -> LiveToken | None:
        """Return the token joined to live client, department and grant, in one query.

        The client is active, the department is active, the token neither expired nor
        revoked, the grant (where it has one) active and unexpired.
        """
        ...

    def token(self, token_hash: bytes) -> AccessToken | None: ...
    def revoke_token(self, token_hash: bytes, *, client_id: ClientId, now: int) -> bool: ...
    def revoke_family(self, family_id: bytes, *, now: int) -> int: ...
    def claim(self, claims: Sequence[Claim]) -> tuple[bool, ...]:
        """Write replay rows; say for each whether it is new."""
        ...

    def add_attempt(self, attempt: SignInAttempt) -> None: ...
    def attempt(self, attempt_hash: bytes) -> SignInAttempt | None: ...
    def miss_attempt(self, attempt_hash: bytes) -> int: ...
    def spend_attempt(self, attempt_hash: bytes, *, now: int) -> bool: ...
    def count_try(self, key_hash: bytes, *, window_start: int) -> int:
        """Count one try under ``key_hash`` in a window; return how many there are now."""
        ...

    def add_signin(self, signin: SignIn) -> None: ...
    def signin(self, signin_hash: bytes, *, now: int) -> SignIn | None: ...
    def touch_signin(self, signin_hash: bytes, *, idle_expires_at: int) -> None: ...
    def end_signin(self, signin_hash: bytes, *, now: int) -> None: ...
    def enqueue(self, message: Message) -> None: ...
    def messages(self, *, limit: int) -> tuple[Message, ...]: ...
    def message_done(self, message_id: bytes, *, now: int) -> None: ...
    def sweep(self, *, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired rows of each kind; return how many went."""
        ...


class SystemKeys(Protocol):
    """What a deployment is: its id, its wrapped vault keys and service keys."""

    def vault_id(self) -> bytes | None: ...
    def set_vault_id(self, vault_id: bytes) -> None: ...
    def all(self) -> tuple[WrappedKey, ...]: ...
    def add(self, key: WrappedKey) -> None: ...


class Tx(Protocol):
    """One transaction over all stores."""

    @property
    def system(self) -> SystemKeys: ...

    @property
    def holders(self) -> Holders: ...
    @property
    def records(self) -> Records: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def departments(self) -> Departments: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def entries(self) -> Entries: ...
    @property
    def protocol(self) -> ProtocolRows: ...


Read = Callable[[], AbstractContextManager[Tx]]
"""Starts a read-only unit of work; writing through it raises ``StorageError``."""

Work = Callable[[], AbstractContextManager[Tx]]
"""Starts a plain unit of work for protocol rows; commits when the block ends without error."""


class Blobs(Protocol):
    """Sealed files under random names (crypto.md 7): intent, write, check, then the deposit."""

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        """Record the intent, write durably, check the length; return ``(object_key, bytes)``."""
        ...

    def read(self, object_key: str, *, offset: int, length: int) -> bytes: ...
    def collect(self, *, now_ms: int) -> int:
        """Remove what expired intents left behind; return how many objects went."""
        ...
