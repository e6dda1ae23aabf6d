"""Stores of guarded rows: written by journal operations only.

So what a decision read is still true when its entry is committed. Every row has a version,
raised by one with each change; ``expected`` is the version that a write follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vault.cases import Case
from vault.clients import Client
from vault.clients.developers import Appointment
from vault.clients.signing_keys import SigningKeys
from vault.consents import Consent, Use
from vault.crypto.keys import WrappedKey
from vault.departments import Department
from vault.holders import Holder
from vault.identifiers import IdentifierKind
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    MandateId,
    RecordId,
    Space,
)
from vault.mandates import Mandate
from vault.records import RecordHead, SealedRecord, VersionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierIndex:
    """A holder's number as the database knows it: keyed hash, 32 bytes (crypto.md 11)."""

    kind: IdentifierKind
    index: bytes
    key_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePolicy:
    """The policy bundle that decides now."""

    bundle_hash: bytes
    version: int


class Holders(Protocol):
    """Holders, their numbers, their wrapped keys."""

    def get(self, space: Space) -> Holder | None:
        """Return the holder of ``space``, erased ones too, or ``None``."""

    def find(self, kind: IdentifierKind, index: bytes) -> Space | None:
        """Return the space whose holder has the number with this keyed hash, or ``None``."""

    def keys(self, space: Space) -> tuple[WrappedKey, ...]:
        """Return every wrapped key of a holder; none for a space that is not there."""

    def add(
        self, holder: Holder, *, numbers: Sequence[IdentifierIndex], keys: Sequence[WrappedKey]
    ) -> None:
        """Write a new holder; ``ConflictError`` where the space or a number is taken."""

    def set_profile(self, space: Space, *, profile: bytes, expected: int) -> None:
        """Replace the sealed profile; ``ConflictError`` at any other version than ``expected``."""


class Records(Protocol):
    """Record heads and versions, their wrapped keys and files."""

    def heads(self, space: Space) -> tuple[RecordHead, ...]:
        """Return the newest version of every record in ``space``, of any status."""

    def heads_of_code(self, space: Space, *, code: str) -> tuple[RecordHead, ...]:
        """Return the newest versions of the records of one evidence code."""

    def head(self, space: Space, *, record_id: RecordId) -> RecordHead | None:
        """Return the newest version of one record, or ``None``."""

    def version(self, ref: VersionRef) -> SealedRecord | None:
        """Return a version with the sealed payload and files it has or carries on, or ``None``."""

    def find(self, record_id: RecordId) -> Space | None:
        """Say in whose space a record is: issuers name a record by its id alone."""

    def add_version(
        self, record: SealedRecord, *, key: WrappedKey, expected: int, entry_id: EntryId
    ) -> None:
        """Write a version with its own payload; ``expected`` is the head it follows, 0 for none.

        The files of ``record`` must be pending intents, which become committed; a file that
        an earlier version holds already may not be named again.
        """

    def carry_on(self, head: RecordHead, *, expected: int, entry_id: EntryId) -> None:
        """Write a version that keeps the payload of ``head.payload_version``."""


class Consents(Protocol):
    """Grants and how often they were used."""

    def get(self, space: Space, *, grant_id: GrantId) -> Consent | None:
        """Return a consent of this holder, ended ones too, or ``None``."""

    def find(self, grant_id: GrantId) -> Consent | None:
        """Return a consent by its id alone, whoever's it is, or ``None``."""

    def of_holder(self, space: Space) -> tuple[Consent, ...]:
        """Return every consent that a holder ever gave."""

    def uses(self, space: Space, *, grant_id: GrantId) -> Mapping[str, Use]:
        """Return the uses of a consent by evidence code; empty where there is no such consent."""

    def add(self, consent: Consent, *, uses: Sequence[Use]) -> None:
        """Write a new consent with its counters; ``ConflictError`` where its id is taken."""

    def replace(self, consent: Consent, *, expected: int) -> None:
        """Write the next state of a consent; ``ConflictError`` at any other than ``expected``.

        Its counters are held to the uses that its details allow: a limit is lowered to that
        number, or to what was used already; it is never raised.
        """

    def renew(self, consent: Consent, *, uses: Sequence[Use], expected: int) -> None:
        """Write a consent that the holder gave anew over its version ``expected``.

        Its counters begin anew, those of ``uses`` and no others; ``ConflictError`` at any other
        version.
        """


class Mandates(Protocol):
    """Who may act for whom; a row lies in the space that it opens."""

    def get(self, space: Space, *, mandate_id: MandateId) -> Mandate | None:
        """Return a mandate that opens ``space``, ended ones too, or ``None``."""

    def find(self, mandate_id: MandateId) -> Mandate | None:
        """Return a mandate by its id alone, whichever space it opens, or ``None``."""

    def chain(self, space: Space, *, mandate_id: MandateId) -> tuple[Mandate, ...]:
        """Return a mandate after what it was passed on from; empty where there is none."""

    def of_holder(self, space: Space) -> tuple[Mandate, ...]:
        """Return every mandate that ever opened ``space``, the newest first."""

    def of_receiver(self, receiver: Space) -> tuple[Mandate, ...]:
        """Return every mandate that somebody ever received, the newest first."""

    def add(self, mandate: Mandate) -> None:
        """Write a new mandate; ``ConflictError`` where its id is taken."""

    def replace(self, mandate: Mandate, *, expected: int) -> None:
        """Write the next state of a mandate; ``ConflictError`` at any other than ``expected``."""


class Cases(Protocol):
    """Applications for service items."""

    def get(self, space: Space, *, case_no: CaseNumber) -> Case | None:
        """Return a case of this holder, or ``None``."""

    def find(self, case_no: CaseNumber) -> Case | None:
        """Return a case by its number alone, whoever's it is, or ``None``."""

    def of_holder(self, space: Space) -> tuple[Case, ...]:
        """Return every case of a holder, in any state."""

    def add(self, case: Case) -> None:
        """Write a new case; ``ConflictError`` where its number is taken."""

    def replace(self, case: Case, *, expected: int) -> None:
        """Write the next state of a case; ``ConflictError`` at any other than ``expected``."""


class Departments(Protocol):
    """Departments and their tag keys."""

    def get(self, department_id: DepartmentId) -> Department | None:
        """Return a department, suspended ones too, or ``None``."""

    def find(self, code: str) -> Department | None:
        """Return the department with this unified social credit code, or ``None``."""

    def tag_key(self, department_id: DepartmentId) -> WrappedKey | None:
        """Return the wrapped tag key of an actor: department, all holders, or the system."""

    def add(self, department: Department, *, tag_key: WrappedKey) -> None:
        """Write a new department; ``ConflictError`` where its id or code is taken."""

    def replace(self, department: Department, *, expected: int) -> None:
        """Write the next state of a department; ``ConflictError`` at any but ``expected``."""


class Clients(Protocol):
    """Systems of departments."""

    def get(self, client_id: ClientId) -> Client | None:
        """Return a client of any status, or ``None``."""

    def all(self) -> tuple[Client, ...]:
        """Return every client of every department."""

    def add(self, client: Client) -> None:
        """Write a new client; ``ConflictError`` where its id is taken."""

    def replace(self, client: Client, *, expected: int) -> None:
        """Write the next state of a client; ``ConflictError`` at any other than ``expected``."""


class SigningKeyStore(Protocol):
    """The keys that sign JWTs, as one set that moves on by versions."""

    def all(self) -> SigningKeys:
        """Return the set; ``IntegrityError`` where its rows are not what the journal knows."""

    def replace(self, keys: SigningKeys, *, expected: int) -> None:
        """Write the next set; ``ConflictError`` at any other version than ``expected``."""


class Developers(Protocol):
    """Who builds the systems of which department."""

    def of_person(self, space: Space) -> tuple[Appointment, ...]:
        """Return every appointment of a person, ended ones too."""

    def add(self, appointment: Appointment) -> None:
        """Write a new appointment; ``ConflictError`` where the person has one there."""

    def replace(self, appointment: Appointment, *, expected: int) -> None:
        """Write the next state of an appointment; ``ConflictError`` at any but ``expected``."""


class Policies(Protocol):
    """Which bundle decides; bundle texts are kept for ever, for replay."""

    def active(self) -> ActivePolicy | None:
        """Return the bundle that decides now; ``None`` before the first one."""

    def text(self, bundle_hash: bytes) -> str | None:
        """Return the text of a bundle that ever decided, or ``None``."""

    def activate(self, bundle_hash: bytes, *, text: str) -> None:
        """Keep ``text`` and let it decide from now on."""
