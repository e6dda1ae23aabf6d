"""A holder opens a record, or a file of it, in the own space. That is an entry like any other."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.catalogue import EvidenceType, catalogue
from policies.requests import AccessRequest, Action
from vault.crypto.keys import RecordKey
from vault.departments import Department
from vault.errors import NotFoundError
from vault.ids import RecordId
from vault.journal.entries import Evidence, Kind
from vault.journal.operations import Committed, Decided, Disclosure
from vault.ports import Tx
from vault.records import FileNote, RecordHead, RecordPayload, SealedRecord
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, Proof, committed, proof_of
from vault.services.entry_keys import entry_keys, record_reference
from vault.services.opening import key_of, opened, opened_file, sealed_record


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OwnRecord:
    """A record, opened for its holder."""

    kind: EvidenceType
    head: RecordHead
    issuer: Department | None
    payload: RecordPayload
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OwnFile:
    """A file, opened for its holder.

    Attributes:
        pieces: The content; each piece was verified. Breaks off if one does not open.
    """

    note: FileNote
    pieces: Iterator[bytes] = field(repr=False)


def read_own_record(vault: Vault, member: Member, record_id: RecordId) -> OwnRecord:
    """Open the newest version of a record of the own space.

    Raises:
        NotFoundError: There is no such record in this space.
        AccessDeniedError: The sign-in is too weak for it; the refusal is journalled.
        JournalUnavailableError: Nothing was opened.
        IntegrityError: The record does not open; the read stays journalled.
    """
    read = _read(vault, member, record_id)
    return OwnRecord(
        kind=catalogue()[read.record.head.code],
        head=read.record.head,
        issuer=read.issuer,
        payload=opened(vault, read.record, key=read.key),
        proof=proof_of(read.operation, read.committed, keyring=vault.keyring),
    )


def read_own_file(vault: Vault, member: Member, record_id: RecordId, *, number: int) -> OwnFile:
    """Open a file of a record of the own space; the record's payload says what it is called.

    Raises:
        NotFoundError: There is no such record, or no such file in it.
        AccessDeniedError, JournalUnavailableError, IntegrityError: As ``read_own_record``.
        StorageError: The file cannot be read.
    """
    read = _read(vault, member, record_id)
    notes = {one.number: one for one in opened(vault, read.record, key=read.key).files}
    files = {one.number: one for one in read.record.files}
    if number not in notes or number not in files:
        raise NotFoundError("no such file")
    pieces = opened_file(vault, read.record, files[number], key=read.key)
    return OwnFile(note=notes[number], pieces=pieces)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Read:
    record: SealedRecord
    issuer: Department | None
    key: RecordKey
    operation: Disclosure
    committed: Committed


def _read(vault: Vault, member: Member, record_id: RecordId) -> _Read:
    """Journal that the holder opens a record, then take its key; nothing is opened yet."""
    with vault.read() as tx:
        head = tx.records.head(member.space, record_id=record_id)
        record = None if head is None else sealed_record(tx, head)
        if head is None or record is None:
            raise NotFoundError("no such record")
        decided = _decided(Asking(tx, now_ms=vault.clock.now_ms()), member, head)
        issuer = tx.departments.get(head.department_id)
        keys = entry_keys(tx, keyring=vault.keyring, space=member.space, actor_id=member.actor_id)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), member, head)

    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.OWN_READ,
        basis=member.basis,
        by=member.by(),
        trace=member.trace(),
        evidence=(
            Evidence(
                code=head.code,
                record=record_reference(keys, department_id=member.actor_id, record_id=record_id),
                version=head.version,
                manifest=record.manifest.sha256,
            ),
        ),
    )
    operation = Disclosure(
        log_id=member.space.log_id,
        space=member.space,
        actor_id=member.actor_id,
        entry_id=draft.entry_id,
        keys=keys,
        decided=decided,
        decide=decide,
        entry=draft.entry,
        releases=(head.key_ref,),
        quota_id=member.space.holder_id,
    )
    done = committed(vault.journal.submit(operation))
    return _Read(
        record=record,
        issuer=issuer,
        key=key_of(vault, record, committed=done),
        operation=operation,
        committed=done,
    )


def _decided(asking: Asking, member: Member, head: RecordHead) -> Decided:
    holder, facts = asking.holder(member.space)
    person, mandate = asking.acting(member, holder, code=head.code)
    request = AccessRequest(
        action=Action.OWN_READ,
        member=person,
        mandate=mandate,
        holder=facts,
        record=asking.record(head),
        code=head.code,
        level=catalogue()[head.code].level,
    )
    return asking.decided(request)
