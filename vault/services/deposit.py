"""An issuing department deposits evidence: a new record, or a new version of one.

The payload is held against the catalogue and sealed under a key of its own, its files are
written; then one journal operation makes all of it the record. The space of a number that has
none is opened on the way, so that a hit and a miss look alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.access import Permit
from policies.catalogue import EvidenceType, catalogue
from policies.facts import HolderFacts
from policies.requests import AccessRequest, Action
from vault.crypto.contexts import Purpose
from vault.errors import ConflictError, NotFoundError
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, EntryId, RecordId, Space
from vault.journal.entries import Kind as JournalKind
from vault.journal.operations import Decided
from vault.journal.plain import Plain
from vault.ports import Tx
from vault.records import (
    FieldValue,
    RecordHead,
    SealedRecord,
    TrustGrade,
    VersionRef,
)
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.asking import Asking
from vault.services.checking import Evidence, asked_for, checked
from vault.services.entry_keys import held
from vault.services.open_space import (
    Known,
    complete_profile,
    find_space,
    newcomer,
    open_space,
)
from vault.services.sealing import Sealed, seal_record
from vault.services.versions import Deposited, Written, refuse_unopened, spend_proof, write_version

FIRST: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Deposit:
    """A new record.

    Attributes:
        number: Whose it is.
        holder_name, contact: As the department knows them; kept only if nothing is known yet.
    """

    caller: Caller
    number: Identifier
    evidence: Evidence
    holder_name: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Revision:
    """A new version of a record with a payload of its own.

    Attributes:
        expected: The version that it follows.
    """

    caller: Caller
    record_id: RecordId
    expected: int
    evidence: Evidence


def deposit(vault: Vault, asked: Deposit) -> Deposited:
    """Deposit a new record; open the space of its holder if there is none.

    Raises:
        InvalidInputError, UnsupportedFileError, TooLargeError: What is said or sent does not
            fit the catalogue, before anything is journalled.
        AccessDeniedError, ReplayedError: Refused; the refusal is journalled.
        ConflictError: The request id was used for something else.
        JournalUnavailableError, StorageError: Nothing was deposited.
    """
    kind, fields = checked(asked.evidence)
    space, caller = _space(vault, asked, kind=kind)
    return _deposited(
        vault,
        caller,
        asked.evidence,
        ref=VersionRef(space, RecordId(vault.random(ID_BYTES)), FIRST),
        before=None,
        fields=fields,
        body={"number": vault.numbers.of(asked.number)[0].index.hex()},
    )


def revise(vault: Vault, asked: Revision) -> Deposited:
    """Write a new version of a record.

    Raises:
        NotFoundError: There is no such record.
        ConflictError: ``expected`` is not its newest version.
        InvalidInputError: The evidence is of another type than the record; and as ``deposit``.
    """
    _, fields = checked(asked.evidence)
    with vault.read() as tx:
        space = tx.records.find(asked.record_id)
        head = None if space is None else tx.records.head(space, record_id=asked.record_id)
    if space is None or head is None:
        raise NotFoundError("no such record")
    return _deposited(
        vault,
        asked.caller,
        asked.evidence,
        ref=VersionRef(space, asked.record_id, asked.expected + 1),
        before=head,
        fields=fields,
        body={"record": asked.record_id.hex(), "expected": asked.expected},
    )


def _space(vault: Vault, asked: Deposit, *, kind: EvidenceType) -> tuple[Space, Caller]:
    """Return the holder's space, opened if need be, but only for what is permitted.

    The proof is spent by what comes first: one shown again neither opens nor completes.
    """
    caller, new = asked.caller, newcomer(vault, asked.number)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), caller, kind, space=space, facts=new.facts)

    with vault.read() as tx:
        space = find_space(vault, tx, asked.number)
        decided = decide(tx, vault.clock.now_ms())
    permitted = isinstance(decided.decision, Permit)
    known = Known(name=asked.holder_name, contact=asked.contact)
    if space is None:
        if not permitted:
            refuse_unopened(vault, caller, decided, code=kind.code)
        spent = spend_proof(vault, caller, decided, code=kind.code)
        opened = open_space(
            vault, new, number=asked.number, known=known, caller=spent, decide=decide
        )
        return opened, spent
    added = permitted and complete_profile(vault, space, known=known, caller=caller, decide=decide)
    return space, caller.spent() if added else caller


def _deposited(
    vault: Vault,
    caller: Caller,
    evidence: Evidence,
    *,
    ref: VersionRef,
    before: RecordHead | None,
    fields: Mapping[str, FieldValue],
    body: Mapping[str, Plain],
) -> Deposited:
    """Seal, then journal; what is refused is not sealed at all."""
    kind = catalogue()[evidence.code]

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), caller, kind, ref=ref)

    with vault.read() as tx:
        decided = decide(tx, vault.clock.now_ms())
        data_key = held(tx.holders.keys(ref.space), Purpose.HOLDER_DATA_KEY)
    sealed: Sealed | None = None
    if isinstance(decided.decision, Permit):
        sealed = seal_record(
            vault, ref, code=kind.code, fields=fields, files=evidence.files, data_key=data_key
        )

    def effect(tx: Tx, at_ms: int, entry_id: EntryId) -> None:
        if sealed is None:
            raise ConflictError("the rights of this client have just changed; try again")
        record = SealedRecord(
            head=_head(evidence, caller=caller, ref=ref, kind=kind, at_ms=at_ms),
            suite=int(sealed.key.suite),
            manifest=sealed.manifest,
            sealed=sealed.payload,
            files=sealed.files,
        )
        tx.records.add_version(record, key=sealed.key, expected=ref.version - 1, entry_id=entry_id)

    return write_version(
        vault,
        caller,
        Written(
            kind=JournalKind.DEPOSIT if before is None else JournalKind.VERSION,
            ref=ref,
            code=kind.code,
            status=evidence.status,
            came_from=None if before is None else before.status,
            manifest=None if sealed is None else sealed.manifest.sha256,
        ),
        decided=decided,
        decide=decide,
        effect=effect,
        body={**body, **asked_for(evidence, fields=fields)},
    )


def _decided(
    asking: Asking,
    caller: Caller,
    kind: EvidenceType,
    *,
    ref: VersionRef | None = None,
    space: Space | None = None,
    facts: HolderFacts | None = None,
) -> Decided:
    """Ask whether the client may deposit: into a space, or into one that is yet to be opened."""
    where = ref.space if ref is not None else space
    holder = asking.holder(where)[1] if where is not None else facts
    head = None
    if ref is not None:
        head = asking.tx.records.head(ref.space, record_id=ref.record_id)
    request = AccessRequest(
        action=Action.DEPOSIT,
        client=asking.client(caller.live.client.client_id),
        holder=holder,
        record=None if head is None else asking.record(head),
        code=kind.code,
        level=kind.level,
    )
    return asking.decided(request)


def _head(
    evidence: Evidence, *, caller: Caller, ref: VersionRef, kind: EvidenceType, at_ms: int
) -> RecordHead:
    return RecordHead(
        space=ref.space,
        record_id=ref.record_id,
        version=ref.version,
        payload_version=ref.version,
        code=kind.code,
        department_id=caller.department_id,
        status=evidence.status,
        trust_grade=TrustGrade(kind.trust_grade),
        valid_from=evidence.valid_from,
        valid_to=evidence.valid_to,
        served_until=evidence.served_until,
        updated_at_ms=at_ms,
    )
