"""Journals a version of a record: deposits, revisions and changes of status alike."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from policies.access import REPLAYED, Deny, overrule
from vault.errors import IntegrityError
from vault.ids import EntryId, RecordId, parse_id
from vault.journal.entries import Basis, Evidence, Kind, StateChange
from vault.journal.operations import Change, Decided, Guarded, Refused, Repeated
from vault.journal.plain import Plain, canonical_json
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.records import RecordStatus, VersionRef
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.changing import Decide, Ready, submit_change
from vault.services.entering import Draft, committed, refusal
from vault.services.entry_keys import entry_keys, record_reference, system_entry_keys

Effect = Callable[[Tx, int, EntryId], None]
"""The writes of a version, given the batch's time and the entry that they belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """A version that is in the space, and the proof of it."""

    record_id: RecordId
    version: int
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an entry says about a version.

    Attributes:
        came_from: Status of the version before it; ``None`` for the first.
        manifest: SHA-256 of the sealed payload; ``None`` where the payload is carried on.
    """

    kind: Kind
    ref: VersionRef
    code: str
    status: RecordStatus
    came_from: RecordStatus | None = None
    manifest: bytes | None = None


def write_version(
    vault: Vault,
    caller: Caller,
    written: Written,
    *,
    decided: Decided,
    decide: Decide,
    effect: Effect,
    body: Mapping[str, Plain],
) -> Deposited:
    """Submit a version to the journal.

    Args:
        vault: The vault.
        caller: The issuing department's system.
        written: What the entry says.
        decided: Before the queue.
        decide: Decides anew under the lock.
        effect: Writes the version.
        body: What was asked, for the caller's own request id.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: Refused; the refusal is journalled.
        ConflictError: Another version came first, or the request id was used otherwise.
        JournalUnavailableError: Not known to be written.
    """
    ref, space = written.ref, written.ref.space
    with vault.read() as tx:
        keys = entry_keys(tx, keyring=vault.keyring, space=space, actor_id=caller.department_id)
    entry_id = new_entry_id(vault.random)
    draft = Draft(
        entry_id=entry_id,
        kind=written.kind,
        basis=Basis.SYSTEM,
        by=caller.by(),
        trace=caller.trace(),
        evidence=(
            Evidence(
                code=written.code,
                record=record_reference(
                    keys, department_id=caller.department_id, record_id=ref.record_id
                ),
                version=ref.version,
                manifest=written.manifest,
            ),
        ),
        asked=(Evidence(code=written.code),),
        change=StateChange(
            object=Guarded.RECORD.value,
            id=ref.record_id.hex(),
            came_from=None if written.came_from is None else written.came_from.value,
            became=written.status.value,
            version=ref.version,
        ),
    )
    outcome = submit_change(
        vault,
        caller,
        draft,
        space=space,
        before=Ready(decided, keys),
        decide=decide,
        effect=lambda tx, at_ms: effect(tx, at_ms, entry_id),
        tells=NoticeKind.RECORD,
        request=caller.request(
            dict(body),
            answer=_answer(ref, entry_id=entry_id),
            keyed=vault.secrets.keyed,
        ),
    )
    if isinstance(outcome, Repeated):
        return _first_answer(vault, outcome.answer, log_id=space.log_id)
    receipt = committed(outcome).receipt
    return Deposited(record_id=ref.record_id, version=ref.version, receipt=receipt)


def refuse_unopened(vault: Vault, caller: Caller, decided: Decided, *, code: str) -> NoReturn:
    """Journal a refusal that concerns no space, since none is opened for it, and raise it.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: What it means.
    """
    if not isinstance(decided.decision, Deny):
        raise TypeError("only a refusal opens no space")
    with vault.read() as tx:
        keys = system_entry_keys(tx, keyring=vault.keyring, actor_id=caller.department_id)
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.REFUSAL,
        basis=Basis.SYSTEM,
        by=caller.by(),
        trace=caller.trace(),
        evidence=(Evidence(code=code),) if code else (),
    )
    outcome = vault.journal.submit(
        Change(
            log_id=0,
            space=None,
            actor_id=caller.department_id,
            entry_id=draft.entry_id,
            keys=keys,
            decided=decided,
            decide=lambda _tx, _at_ms: decided,
            entry=draft.entry,
            effect=lambda _tx, _at_ms: None,
            claims=caller.claims,
            token_hash=caller.token_hash,
            quota_id=caller.quota_id,
        )
    )
    raise refusal(outcome.deny if isinstance(outcome, Refused) else decided.decision)


def spend_proof(vault: Vault, caller: Caller, decided: Decided, *, code: str) -> Caller:
    """Spend the caller's proof before a space is opened; return the caller without it.

    Raises:
        ReplayedError: It was shown before; that stands in the log, and nothing else happens.
    """
    with vault.work() as tx:
        fresh = tx.protocol.claim(caller.claims)
    spent = caller.spent()
    if not all(fresh):
        deny = overrule(decided.decision, REPLAYED)
        refused = Decided(decision=deny, seen=decided.seen, inputs=decided.inputs)
        refuse_unopened(vault, spent, refused, code=code)
    return spent


def receipt_of(vault: Vault, *, log_id: int, entry_id: EntryId) -> Receipt:
    """Return a receipt of an entry that was committed before.

    Raises:
        IntegrityError: The entry is not there.
    """
    with vault.read() as tx:
        kept = tx.entries.get(log_id, entry_id=entry_id)
    if kept is None:
        raise IntegrityError("an entry that was answered is not there")
    return vault.receipt(kept)


def _answer(ref: VersionRef, *, entry_id: EntryId) -> bytes:
    return canonical_json(
        {"entry": entry_id.hex(), "record": ref.record_id.hex(), "version": ref.version}
    )


def _first_answer(vault: Vault, answer: bytes, *, log_id: int) -> Deposited:
    found: dict[str, Any] = json.loads(answer)
    return Deposited(
        record_id=RecordId(parse_id(found["record"])),
        version=found["version"],
        receipt=receipt_of(vault, log_id=log_id, entry_id=EntryId(parse_id(found["entry"]))),
    )
