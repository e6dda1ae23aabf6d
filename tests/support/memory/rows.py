"""Tables as dictionaries: one value a row, under its primary key.

Values are frozen, so a copy of the dictionaries is a snapshot of everything.
"""

from dataclasses import dataclass, field, fields
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from vault.cases import Case
from vault.clients import Client
from vault.clients.async_requests import AsyncRequest, ShownCode
from vault.clients.developers import Appointment
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    Message,
    PushedRequest,
    RefreshToken,
    SignIn,
    SignInAttempt,
)
from vault.clients.refusals import RefusedRequest
from vault.clients.registrations import InitialToken, Registration
from vault.clients.signing_keys import SigningKeys
from vault.clients.told import OutgoingCall, ToldClient
from vault.consents import Consent, Use
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey
from vault.demands import Demand
from vault.departments import Department
from vault.errors import ConflictError, StorageError
from vault.holders import Holder
from vault.identifiers import IdentifierKind
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    MandateId,
    NoticeId,
    RecordId,
    Space,
)
from vault.journal.operations import Request
from vault.mandates import Mandate
from vault.notices import Notice
from vault.passkeys import Challenge, Passkey, PasskeyUse
from vault.ports import ActivePolicy, KeptEntry
from vault.ports.witnesses import WitnessState
from vault.records import RecordHead, SealedRecord, VersionRef
from vault.use_receipts import UseReceipt

K = TypeVar("K")
V = TypeVar("V")


class Table(dict[K, V], Generic[K, V]):
    """A dictionary that can be closed to writes."""

    closed = False

    def __setitem__(self, key: K, value: V) -> None:
        """Write a row."""
        self._open()
        super().__setitem__(key, value)

    def __delitem__(self, key: K) -> None:
        """Remove a row."""
        self._open()
        super().__delitem__(key)

    def add(self, key: K, value: V) -> None:
        """Write a row that is not there yet."""
        self._open()
        if key in self:
            raise ConflictError("the row is there already")
        self[key] = value

    def snapshot(self, *, closed: bool) -> "Table[K, V]":
        """Return the rows as they are now."""
        found = Table(self)
        found.closed = closed
        return found

    def _open(self) -> None:
        if self.closed:
            raise StorageError("this unit of work may only read")


class Versioned(Protocol):
    """A guarded row."""

    @property
    def version(self) -> int:
        """Raised by one with every change."""


def follows(found: Versioned | None, *, new: Versioned, expected: int) -> None:
    """Refuse a write unless the row stands at ``expected`` and the new one comes next."""
    if found is None or found.version != expected or new.version != expected + 1:
        raise ConflictError("this was changed by somebody else; read it again")


class HolderKeyName(NamedTuple):
    """Primary key of a holder's wrapped key."""

    space: Space
    purpose: Purpose
    version: int


class SystemKeyName(NamedTuple):
    """Primary key of a wrapped key of the deployment."""

    purpose: Purpose
    owner_id: bytes
    name: str
    version: int


def system_key_name(key: WrappedKey) -> SystemKeyName:
    """Return the primary key of a wrapped key of the deployment."""
    return SystemKeyName(key.purpose, key.owner_id, key.name, key.version)


class Intent(NamedTuple):
    """What is about to lie among the sealed files."""

    space: Space
    state: str
    expires_at: int


class Remembered(NamedTuple):
    """A caller's own id for a state change."""

    request: Request
    entry_id: EntryId


class Session(NamedTuple):
    """A sign-in that clients were told of."""

    leads_to: bytes
    expires_at: int
    ended_at: int | None


@dataclass
class Rows:
    """Every table."""

    vault_id: Table[int, bytes] = field(default_factory=Table)
    keys: Table[SystemKeyName, WrappedKey] = field(default_factory=Table)
    bundles: Table[bytes, str] = field(default_factory=Table)
    pointer: Table[int, ActivePolicy] = field(default_factory=Table)
    signing: Table[int, SigningKeys] = field(default_factory=Table)
    departments: Table[DepartmentId, Department] = field(default_factory=Table)
    department_keys: Table[DepartmentId, WrappedKey] = field(default_factory=Table)
    clients: Table[ClientId, Client] = field(default_factory=Table)
    developers: Table[bytes, Appointment] = field(default_factory=Table)
    registrations: Table[ClientId, Registration] = field(default_factory=Table)
    refusals: Table[str, RefusedRequest] = field(default_factory=Table)
    initial_tokens: Table[bytes, InitialToken] = field(default_factory=Table)

    holders: Table[Space, Holder] = field(default_factory=Table)
    numbers: Table[tuple[IdentifierKind, bytes], Space] = field(default_factory=Table)
    holder_keys: Table[HolderKeyName, WrappedKey] = field(default_factory=Table)
    heads: Table[RecordId, RecordHead] = field(default_factory=Table)
    versions: Table[VersionRef, SealedRecord] = field(default_factory=Table)
    record_keys: Table[VersionRef, WrappedKey] = field(default_factory=Table)
    intents: Table[str, Intent] = field(default_factory=Table)
    consents: Table[GrantId, Consent] = field(default_factory=Table)
    uses: Table[tuple[GrantId, str], Use] = field(default_factory=Table)
    use_receipts: Table[EntryId, UseReceipt] = field(default_factory=Table)
    demands: Table[EntryId, Demand] = field(default_factory=Table)
    mandates: Table[MandateId, Mandate] = field(default_factory=Table)
    cases: Table[CaseNumber, Case] = field(default_factory=Table)
    passkeys: Table[bytes, Passkey] = field(default_factory=Table)
    notices: Table[NoticeId, Notice] = field(default_factory=Table)

    entries: Table[EntryId, KeptEntry] = field(default_factory=Table)
    counters: Table[bytes, int] = field(default_factory=Table)
    requests: Table[tuple[bytes, str], Remembered] = field(default_factory=Table)
    witnesses: Table[tuple[int, str], WitnessState] = field(default_factory=Table)

    pushed: Table[bytes, PushedRequest] = field(default_factory=Table)
    interactions: Table[bytes, Interaction] = field(default_factory=Table)
    codes: Table[bytes, AuthorizationCode] = field(default_factory=Table)
    tokens: Table[bytes, AccessToken] = field(default_factory=Table)
    refresh_tokens: Table[bytes, RefreshToken] = field(default_factory=Table)
    claims: Table[tuple[str, bytes], Claim] = field(default_factory=Table)
    passkey_uses: Table[bytes, PasskeyUse] = field(default_factory=Table)
    challenges: Table[bytes, Challenge] = field(default_factory=Table)
    attempts: Table[bytes, SignInAttempt] = field(default_factory=Table)
    tries: Table[tuple[bytes, int], int] = field(default_factory=Table)
    signins: Table[bytes, SignIn] = field(default_factory=Table)
    subjects: Table[tuple[Space, DepartmentId], bytes] = field(default_factory=Table)
    sessions: Table[bytes, Session] = field(default_factory=Table)
    told: Table[tuple[bytes, ClientId], ToldClient] = field(default_factory=Table)
    calls: Table[bytes, OutgoingCall] = field(default_factory=Table)
    messages: Table[bytes, Message] = field(default_factory=Table)
    asynchronous: Table[bytes, AsyncRequest] = field(default_factory=Table)
    shown_codes: Table[bytes, ShownCode] = field(default_factory=Table)

    def snapshot(self, *, closed: bool = False) -> Self:
        """Return all tables as they are now; ``closed`` ones take no writes."""
        return type(self)(
            **{one.name: getattr(self, one.name).snapshot(closed=closed) for one in fields(self)}
        )

    def put_back(self, earlier: "Rows") -> None:
        """Become ``earlier`` again, for all who hold these rows."""
        for one in fields(self):
            setattr(self, one.name, getattr(earlier, one.name))
