"""A department asks what its consent covers and what is held of it. Being told is an entry too."""

from dataclasses import dataclass

from policies.access import Permit
from policies.catalogue import EvidenceType, catalogue
from policies.requests import AccessRequest, Action
from vault.clock import legal_day
from vault.consents import Consent, Use
from vault.consents.details import Details, EvidenceGrant
from vault.departments import Department
from vault.errors import AccessDeniedError, NotFoundError
from vault.ids import ID_BYTES, NoticeId
from vault.journal.entries import Evidence, Kind
from vault.journal.operations import Decided, Disclosure
from vault.ports import Tx
from vault.records import RecordHead, answering
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, Proof, basis_of, committed, proof_of, telling, under
from vault.services.entry_keys import entry_keys
from vault.services.exchange_token import still_granted
from vault.services.moving_on import ATTEMPTS, MovedOnError, refreshed
from vault.services.pull import NO_BASIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One evidence type of a consent, without values.

    Attributes:
        head: Of the record that would answer a pull now; ``None`` where none is held.
        use: How often it was released, and how often it may be.
    """

    kind: EvidenceType
    grant: EvidenceGrant
    head: RecordHead | None
    issuer: Department | None
    use: Use | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a token may ask for, and the proof that it was told."""

    consent: Consent
    details: Details
    lines: tuple[Listed, ...]
    proof: Proof


def list_evidence(vault: Vault, caller: Caller) -> Listing:
    """Tell what the consent behind a token covers, and what is held of it.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: Refused; the refusal is journalled,
            but for a token that has no consent behind it, which means no space.
        MovedOnError: The consent was changed again and again; nothing was told.
        JournalUnavailableError: Nothing was told.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _listing(vault, caller)
        except MovedOnError:
            caller = refreshed(vault, caller)
    return _listing(vault, caller)


def _listing(vault: Vault, caller: Caller) -> Listing:
    consent, text = caller.live.consent, caller.live.token.details
    if consent is None or text is None:
        raise AccessDeniedError(NO_BASIS)
    token = Details.from_json(text)
    if token.overlap(consent.details) is None:
        raise AccessDeniedError(NO_BASIS)

    def decide(tx: Tx, at_ms: int) -> Decided:
        live = tx.consents.get(consent.space, grant_id=consent.grant_id)
        if live is None:
            raise NotFoundError("no such consent")
        decided = _decided(Asking(tx, now_ms=at_ms), caller, live, token=token)
        if isinstance(decided.decision, Permit) and live.version != consent.version:
            raise MovedOnError("the consent has changed; ask again")
        return decided

    now_ms = vault.clock.now_ms()
    with vault.read() as tx:
        asking = Asking(tx, now_ms=now_ms, live=caller.live)
        decided = _decided(asking, caller, consent, token=token)
        granted = still_granted(tx, consent, now_ms=now_ms) or consent.details
        details = token.overlap(granted) or token
        lines = _lines(tx, consent, details, now_ms=now_ms)
        keys = entry_keys(
            tx, keyring=vault.keyring, space=consent.space, actor_id=caller.department_id
        )
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.LIST,
        basis=basis_of(consent),
        by=caller.by(consent),
        trace=caller.trace(),
        on=under(consent),
        evidence=tuple(Evidence(code=line.kind.code) for line in lines),
    )
    operation = Disclosure(
        log_id=consent.space.log_id,
        space=consent.space,
        actor_id=caller.department_id,
        entry_id=draft.entry_id,
        keys=keys,
        decided=decided,
        decide=decide,
        entry=draft.entry,
        claims=caller.claims,
        token_hash=caller.token_hash,
        quota_id=caller.quota_id,
        notices=telling(
            consent, entry_id=draft.entry_id, notice_id=NoticeId(vault.random(ID_BYTES))
        ),
    )
    done = committed(vault.journal.submit(operation))
    return Listing(
        consent=consent,
        details=details,
        lines=lines,
        proof=proof_of(operation, done, keyring=vault.keyring),
    )


def _decided(asking: Asking, caller: Caller, consent: Consent, *, token: Details) -> Decided:
    _, holder = asking.holder(consent.space)
    parent, mandate = asking.above(consent)
    request = AccessRequest(
        action=Action.LIST,
        client=asking.client(caller.live.client.client_id),
        holder=holder,
        consent=asking.consent(consent, token=token),
        parent=parent,
        mandate=mandate,
        case=asking.case(consent.space, consent.case_no),
    )
    return asking.decided(request)


def _lines(tx: Tx, consent: Consent, details: Details, *, now_ms: int) -> tuple[Listed, ...]:
    uses = tx.consents.uses(consent.space, grant_id=consent.grant_id)
    today = legal_day(now_ms)
    lines = []
    for code, grant in sorted(details.evidence.items()):
        heads = tx.records.heads_of_code(consent.space, code=code)
        head = answering(heads, today=today)
        lines.append(
            Listed(
                kind=catalogue()[code],
                grant=grant,
                head=head,
                issuer=None if head is None else tx.departments.get(head.department_id),
                use=uses.get(code),
            )
        )
    return tuple(lines)
