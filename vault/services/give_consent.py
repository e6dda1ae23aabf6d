"""The holder decides on a department's request: gives the consent, narrowed or not, or declines.

One operation of the journal spends the pushed request, closes its interaction, and writes grant,
uses and authorization code together; a refusal by the holder is an entry too (oauth.md 7). A
request of a kiosk or counter is its own page, and is approved where a code would be written.
"""

from collections.abc import Callable
from dataclasses import replace

from policies.catalogue import catalogue
from policies.requests import AccessRequest, Action
from vault.clock import MS
from vault.consents import Consent, ConsentStatus, unused
from vault.consents.details import Details
from vault.departments import Department
from vault.errors import NotFoundError
from vault.ids import EntryId, GrantId
from vault.journal.entries import Evidence, Kind, On, Shown, StateChange
from vault.journal.operations import Decided, Guarded
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking, requirement_facts
from vault.services.changing import ready, submit_change
from vault.services.deciding import (
    ApproveConsent,
    DenyConsent,
    GiveConsent,
    Granting,
    spend_denied,
    spend_granted,
)
from vault.services.entering import Draft, committed

__all__ = ["ApproveConsent", "DenyConsent", "GiveConsent", "deny_consent", "give_consent", "named"]


def give_consent(vault: Vault, asked: Granting) -> Receipt:
    """Grant; return the receipt.

    Raises:
        AccessDeniedError, NotFoundError: The policies refuse; the refusal is journalled.
        ConflictError: The request was decided already, or has expired; or the consent that it
            renews was changed meanwhile.
        JournalUnavailableError: Nothing was granted.
    """
    with vault.read() as tx:
        department = _department(tx, asked)
    draft = _draft(
        vault,
        asked,
        department=department,
        kind=Kind.CONSENT_GIVE,
        change=StateChange(
            object=Guarded.GRANT.value,
            id=asked.code.grant_id.hex(),
            came_from=None if asked.renews is None else asked.renews.status.value,
            became=ConsentStatus.ACTIVE.value,
            version=asked.version,
        ),
    )

    def effect(tx: Tx, at_ms: int) -> None:
        spend_granted(vault, tx, asked, now=at_ms // MS)
        consent = _consent(asked, department=department, entry_id=draft.entry_id, at_ms=at_ms)
        if asked.renews is None:
            tx.consents.add(consent, uses=unused(consent))
        else:
            tx.consents.renew(consent, uses=unused(consent), expected=asked.renews.version)

    return _submit(vault, asked, draft, action=Action.CONSENT_GIVE, effect=effect)


def deny_consent(vault: Vault, asked: DenyConsent) -> Receipt:
    """Decline; return the receipt. No reason is asked for, and nothing else changes.

    Raises:
        ConflictError: The request was decided already, or has expired.
        JournalUnavailableError: Nothing was decided.
    """
    with vault.read() as tx:
        department = _department(tx, asked)
    draft = _draft(vault, asked, department=department, kind=Kind.REFUSAL, change=None)

    def effect(tx: Tx, at_ms: int) -> None:
        spend_denied(vault, tx, asked, now=at_ms // MS)

    return _submit(vault, asked, draft, action=asked.refusal, effect=effect)


def _submit(
    vault: Vault,
    asked: DenyConsent,
    draft: Draft,
    *,
    action: Action,
    effect: Callable[[Tx, int], None],
) -> Receipt:
    member = Member(signin=asked.signin)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), asked, action=action)

    outcome = submit_change(
        vault,
        member,
        draft,
        space=member.space,
        before=ready(vault, member, space=member.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.CONSENT,
    )
    return committed(outcome).receipt


def _decided(asking: Asking, asked: DenyConsent, *, action: Action) -> Decided:
    """Ask for each evidence type that is granted; declining is one question."""
    space = asked.signin.space
    holder, holder_facts = asking.holder(space)
    member = Member(signin=asked.signin)
    if action is not Action.CONSENT_GIVE:
        person, mandate = asking.acting(member, holder)
        return asking.decided(
            AccessRequest(action=action, member=person, mandate=mandate, holder=holder_facts)
        )
    client = asking.client(asked.client_id)
    case = asking.case(space, asked.case_no)
    return asking.decided(
        *(
            AccessRequest(
                action=action,
                member=person,
                mandate=mandate,
                client=client,
                holder=holder_facts,
                case=case,
                requirement=requirement_facts(asked.item, code),
                code=code,
                view=one.view,
                fields=one.fields,
                level=catalogue()[code].level,
            )
            for code, one in sorted(asked.details.evidence.items())
            for person, mandate in [asking.acting(member, holder, code=code)]
        )
    )


def _department(tx: Tx, asked: DenyConsent) -> Department:
    client = tx.clients.get(asked.client_id)
    department = None if client is None else tx.departments.get(client.department_id)
    if department is None:
        raise NotFoundError("no such client")
    return department


def _draft(
    vault: Vault,
    asked: DenyConsent,
    *,
    department: Department,
    kind: Kind,
    change: StateChange | None,
) -> Draft:
    member = Member(signin=asked.signin)
    given = asked if isinstance(asked, Granting) else None
    return Draft(
        entry_id=new_entry_id(vault.random),
        kind=kind,
        basis=member.basis,
        by=member.by(department=department.department_id, client=asked.client_id),
        trace=replace(member.trace(), object=asked.signed_hash),
        on=On(
            grant=given.code.grant_id if given else None,
            grant_version=given.version if given else None,
            item=asked.item,
            case_no=asked.case_no,
            purpose=asked.purpose,
        ),
        evidence=named(asked.details),
        change=change,
        shown=Shown(text=asked.shown_hash, locale=asked.shown_locale),
    )


def named(details: Details) -> tuple[Evidence, ...]:
    """Return what a consent covers, as an entry names it."""
    return tuple(
        Evidence(code=code, view=one.view.label, fields=tuple(sorted(one.fields)))
        for code, one in sorted(details.evidence.items())
    )


def _consent(asked: Granting, *, department: Department, entry_id: EntryId, at_ms: int) -> Consent:
    return Consent(
        space=asked.signin.space,
        grant_id=GrantId(asked.code.grant_id),
        client_id=asked.client_id,
        department_id=department.department_id,
        status=ConsentStatus.ACTIVE,
        version=asked.version,
        details=asked.details,
        note=asked.note,
        purpose=asked.purpose,
        item=asked.item,
        case_no=asked.case_no,
        shown_hash=asked.shown_hash,
        shown_locale=asked.shown_locale,
        created_at_ms=at_ms,
        expires_at_ms=asked.details.ends_at * MS,
        ended_at_ms=None,
        state_entry=entry_id,
    )
