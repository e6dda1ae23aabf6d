"""A department pulls one piece of evidence: decided, journalled, and only then opened.

``pull_evidence`` is the whole of it. The pull route awaits the journal instead of blocking a
thread (ADR 0014), so the two halves stand by themselves: ``prepare_pull`` reads and decides,
``complete_pull`` takes what was committed and opens the record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from policies.access import Permit
from policies.catalogue import EvidenceType, catalogue
from policies.requests import AccessRequest, Action
from policies.scopes import View
from vault.clock import legal_day
from vault.consents import Consent
from vault.consents.details import read_details
from vault.departments import Department
from vault.errors import AccessDeniedError, NotFoundError
from vault.ids import ID_BYTES, EntryId, NoticeId
from vault.journal.entries import Evidence, Kind
from vault.journal.operations import Decided, Disclosure, Outcome, Spend
from vault.journal.sealing import EntryKeys
from vault.ports import Tx
from vault.records import FieldValue, RecordHead, SealedRecord, answering
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking, requirement_facts
from vault.services.entering import (
    Draft,
    Proof,
    basis_of,
    committed,
    counted_on,
    proof_of,
    telling,
    under,
)
from vault.services.entry_keys import entry_keys, record_reference
from vault.services.foreseeing import foresee_pull, foresee_record
from vault.services.moving_on import ATTEMPTS, MovedOnError, refreshed
from vault.services.opening import key_of, opened, sealed_record
from vault.services.owing import owing
from vault.services.witnessing import must_be_witnessed, not_witnessed, submitted
from vault.showing import shown

NO_BASIS: Final = ("no-basis",)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pull:
    """Who asks for what.

    Attributes:
        caller: Token, proof and client were checked by the front door.
        code: Evidence code, such as ``ID01``.
        fields: Asked for; ``None`` is all that were granted.
    """

    caller: Caller
    code: str
    view: View = View.VERIFY
    fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Release:
    """What a department gets.

    Attributes:
        head: Of the record that answers; ``None`` where none is held.
        issuer: Who wrote that record.
        fields: Granted fields in the granted view; empty for ``verify``.
    """

    kind: EvidenceType
    view: View
    head: RecordHead | None
    issuer: Department | None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """A pull that was put to the policies, and what would answer it."""

    pull: Pull
    consent: Consent
    head: RecordHead | None
    fields: frozenset[str]
    decided: Decided

    def names(self) -> tuple[object, ...]:
        """Return what the entry names; a permit stands only for exactly this."""
        return self.consent.version, self.head and self.head.ref, self.fields


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prepared:
    """A pull that is decided and waits for its entry; nothing is opened yet."""

    asked: Asked
    kind: EvidenceType
    record: SealedRecord | None
    issuer: Department | None
    operation: Disclosure


def pull_evidence(vault: Vault, pull: Pull) -> Release:
    """Decide, journal, then open: release one piece of evidence, or refuse and say why.

    Returns:
        The granted fields in the granted view, with provenance and proof.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: Refused; the refusal is journalled.
        JournalUnavailableError: The entry is not known to be committed; nothing was opened.
        NotWitnessedError: It must be witnessed, and was not in time; nothing was opened.
        IntegrityError: The record does not open; the pull stays journalled.
    """
    for _ in range(ATTEMPTS - 1):
        prepared = prepare_pull(vault, pull)
        try:
            return complete_pull(vault, prepared, submitted(vault, prepared.operation))
        except MovedOnError:
            pull = again(vault, pull)
    prepared = prepare_pull(vault, pull)
    return complete_pull(vault, prepared, submitted(vault, prepared.operation))


def again(vault: Vault, pull: Pull) -> Pull:
    """Return ``pull`` for another attempt: its proof is spent, its consent is read anew.

    Raises:
        NotFoundError: The consent is not there any more.
    """
    return replace(pull, caller=refreshed(vault, pull.caller))


def prepare_pull(vault: Vault, pull: Pull) -> Prepared:
    """Read and decide; the operation that is returned is yet to be submitted.

    Raises:
        NotFoundError: There is no such evidence type.
        AccessDeniedError: The token has no consent behind it, so no space is meant.
    """
    kind = catalogue().get(pull.code)
    consent = pull.caller.live.consent
    if kind is None:
        raise NotFoundError("no such evidence")
    if consent is None:
        raise AccessDeniedError(NO_BASIS)
    with vault.read() as tx:
        foresee_pull(tx, consent, code=pull.code, department_id=pull.caller.department_id)
        asked = _ask(Asking(tx, now_ms=vault.clock.now_ms(), live=pull.caller.live), pull, consent)
        head = asked.head
        opens = head is not None and pull.view is not View.VERIFY
        if head is not None:
            foresee_record(tx, head)
        record = sealed_record(tx, head) if head is not None and opens else None
        issuer = None if head is None else tx.departments.get(head.department_id)
        keys = entry_keys(
            tx, keyring=vault.keyring, space=consent.space, actor_id=pull.caller.department_id
        )
    draft = _draft(pull, asked, entry_id=new_entry_id(vault.random), record=record, keys=keys)
    operation = Disclosure(
        log_id=consent.space.log_id,
        space=consent.space,
        actor_id=pull.caller.department_id,
        entry_id=draft.entry_id,
        keys=keys,
        decided=asked.decided,
        decide=_deciding(pull, asked),
        entry=draft.entry,
        claims=pull.caller.claims,
        token_hash=pull.caller.token_hash,
        quota_id=pull.caller.quota_id,
        releases=() if record is None else (record.head.key_ref,),
        spends=tuple(
            Spend(consent.space, grant_id, pull.code) for grant_id in counted_on(consent)
        ),
        notices=telling(
            consent, entry_id=draft.entry_id, notice_id=NoticeId(vault.random(ID_BYTES))
        ),
        owes=None if head is None else owing(vault, consent, draft=draft, caller=pull.caller),
        witnessed=must_be_witnessed(vault, kind, pull.view),
    )
    return Prepared(asked=asked, kind=kind, record=record, issuer=issuer, operation=operation)


def complete_pull(vault: Vault, prepared: Prepared, outcome: Outcome) -> Release:
    """Open what a committed entry releases; raise what a refused one means.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: Refused; the refusal is journalled.
        NotWitnessedError: It must be witnessed and is not; the pull stays journalled.
        IntegrityError: The record does not open; the pull stays journalled.
    """
    done = committed(outcome)
    if done.needs_witness:
        raise not_witnessed()
    asked, fields = prepared.asked, {}
    if prepared.record is not None:
        key = key_of(vault, prepared.record, committed=done)
        payload = opened(vault, prepared.record, key=key)
        fields = shown(prepared.kind, payload.fields, view=asked.pull.view, granted=asked.fields)
    return Release(
        kind=prepared.kind,
        view=asked.pull.view,
        head=asked.head,
        issuer=prepared.issuer,
        fields=fields,
        proof=proof_of(prepared.operation, done, keyring=vault.keyring),
    )


def _ask(asking: Asking, pull: Pull, consent: Consent) -> Asked:
    """Put the question of a pull to the policies, from the rows that ``asking`` reads."""
    token = read_details(pull.caller.live.token.details)
    client = asking.client(pull.caller.live.client.client_id)
    _, holder = asking.holder(consent.space)
    granted = asking.consent(consent, code=pull.code, token=token)
    parent, mandate = asking.above(consent, code=pull.code)
    heads = asking.tx.records.heads_of_code(consent.space, code=pull.code)
    head = answering(heads, today=legal_day(asking.now_ms))
    fields = granted.fields if pull.fields is None else pull.fields
    if pull.view is View.VERIFY and pull.fields is None:
        fields = frozenset()
    request = AccessRequest(
        action=Action.PULL,
        client=client,
        holder=holder,
        consent=granted,
        parent=parent,
        mandate=mandate,
        record=None if head is None else asking.record(head),
        case=asking.case(consent.space, consent.case_no),
        requirement=requirement_facts(consent.item, pull.code),
        code=pull.code,
        view=pull.view,
        fields=fields,
        level=catalogue()[pull.code].level,
    )
    return Asked(
        pull=pull, consent=consent, head=head, fields=fields, decided=asking.decided(request)
    )


def _deciding(pull: Pull, first: Asked) -> Callable[[Tx, int], Decided]:
    """Return what decides anew under the lock, when a row that was read has changed."""

    def decide(tx: Tx, at_ms: int) -> Decided:
        consent = tx.consents.get(first.consent.space, grant_id=first.consent.grant_id)
        if consent is None:
            raise NotFoundError("no such consent")
        anew = _ask(Asking(tx, now_ms=at_ms), pull, consent)
        if isinstance(anew.decided.decision, Permit) and anew.names() != first.names():
            raise MovedOnError("what would be released has changed; it is asked for again")
        return anew.decided

    return decide


def _draft(
    pull: Pull,
    asked: Asked,
    *,
    entry_id: EntryId,
    record: SealedRecord | None,
    keys: EntryKeys,
) -> Draft:
    consent, head = asked.consent, asked.head
    named = Evidence(code=pull.code, view=pull.view.label, fields=tuple(sorted(asked.fields)))
    found = named
    if head is not None:
        found = replace(
            named,
            record=record_reference(
                keys, department_id=pull.caller.department_id, record_id=head.record_id
            ),
            version=head.version,
            manifest=None if record is None else record.manifest.sha256,
        )
    return Draft(
        entry_id=entry_id,
        kind=Kind.PULL,
        basis=basis_of(consent),
        by=pull.caller.by(consent),
        trace=pull.caller.trace(),
        on=under(consent),
        evidence=(found,),
        asked=(named,),
    )
