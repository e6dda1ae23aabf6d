"""The holder takes a consent back: in whole, in part, or for a while. As easy as giving it.

After the receipt is returned no pull under what was taken back can succeed: the change and
every pull stand in one order, and pulls re-read the grant (journal.md 2).
"""

from dataclasses import dataclass, replace

from policies.catalogue import catalogue
from policies.requests import AccessRequest, Action
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.consents.details import Details
from vault.errors import ConflictError, InvalidInputError, NotFoundError
from vault.ids import GrantId
from vault.journal.entries import Kind, StateChange
from vault.journal.operations import Decided, Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed, under
from vault.services.give_consent import named


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RevokeConsent:
    """Which consent is taken back."""

    member: Member
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PauseConsent:
    """Which consent rests, until it is resumed."""

    member: Member
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ResumeConsent:
    """Which consent goes on."""

    member: Member
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NarrowConsent:
    """What is left of a consent.

    Attributes:
        details: Covered by what was granted, and less than it.
    """

    member: Member
    grant_id: GrantId
    details: Details


def revoke_consent(vault: Vault, asked: RevokeConsent) -> Receipt:
    """Take a consent back; return the receipt.

    Raises:
        NotFoundError: The holder gave no such consent.
        ConflictError: It has ended already.
        JournalUnavailableError: Not known to be taken back: ask again.
    """
    before = _mine(vault, asked.member, grant_id=asked.grant_id)
    after = replace(before, status=ConsentStatus.REVOKED)
    return _change(vault, asked.member, before, after=after, kind=Kind.CONSENT_REVOKE)


def narrow_consent(vault: Vault, asked: NarrowConsent) -> Receipt:
    """Take back a part of a consent; return the receipt.

    Raises:
        NotFoundError: The holder gave no such consent.
        InvalidInputError: What would be left is not less than what was granted.
        ConflictError: It has ended, or was changed meanwhile.
        JournalUnavailableError: Not known to be narrowed: ask again.
    """
    before = _mine(vault, asked.member, grant_id=asked.grant_id)
    if not before.details.covers(asked.details) or asked.details == before.details:
        raise InvalidInputError("a consent can only be made narrower", field="details")
    after = replace(before, details=asked.details, expires_at_ms=asked.details.ends_at * MS)
    return _change(vault, asked.member, before, after=after, kind=Kind.CONSENT_NARROW)


def pause_consent(vault: Vault, asked: PauseConsent) -> Receipt:
    """Let a consent rest; return the receipt. Nothing is released under it until it goes on.

    Raises:
        NotFoundError: The holder gave no such consent.
        ConflictError: It has ended, or rests already.
        JournalUnavailableError: Not known to rest: ask again.
    """
    before = _mine(vault, asked.member, grant_id=asked.grant_id)
    if before.status is ConsentStatus.PAUSED:
        raise ConflictError("this consent is paused already")
    after = replace(before, status=ConsentStatus.PAUSED)
    return _change(vault, asked.member, before, after=after, kind=Kind.CONSENT_PAUSE)


def resume_consent(vault: Vault, asked: ResumeConsent) -> Receipt:
    """Let a paused consent go on as it was given; return the receipt.

    Raises:
        NotFoundError: The holder gave no such consent.
        ConflictError: It does not rest, or its time is over.
        AccessDeniedError: The sign-in is too old, or of too low a level; journalled.
        JournalUnavailableError: Nothing changed.
    """
    before = _mine(vault, asked.member, grant_id=asked.grant_id)
    if before.status is not ConsentStatus.PAUSED:
        raise ConflictError("this consent is not paused")
    if before.expires_at_ms <= vault.clock.now_ms():
        raise ConflictError("this consent has ended already")
    after = replace(before, status=ConsentStatus.ACTIVE)
    return _change(vault, asked.member, before, after=after, kind=Kind.CONSENT_RESUME)


def _mine(vault: Vault, member: Member, *, grant_id: GrantId) -> Consent:
    """Return a consent of the member's own space that has not ended."""
    with vault.read() as tx:
        consent = tx.consents.get(member.space, grant_id=grant_id)
    if consent is None:
        raise NotFoundError("no such consent")
    if consent.status is ConsentStatus.REVOKED:
        raise ConflictError("this consent has ended already")
    return consent


def _change(
    vault: Vault, member: Member, before: Consent, *, after: Consent, kind: Kind
) -> Receipt:
    """Journal the step from ``before`` to ``after``; times and version are filled in here."""
    revoked, resumed = after.status is ConsentStatus.REVOKED, kind is Kind.CONSENT_RESUME
    entry_id, version = new_entry_id(vault.random), before.version + 1

    def decide(tx: Tx, at_ms: int) -> Decided:
        consent = tx.consents.get(member.space, grant_id=before.grant_id)
        if consent is None:
            raise NotFoundError("no such consent")
        return _decided(Asking(tx, now_ms=at_ms), member, consent, resumed=resumed)

    def effect(tx: Tx, at_ms: int) -> None:
        changed = replace(
            after,
            version=version,
            ended_at_ms=at_ms if revoked else None,
            state_entry=entry_id,
        )
        tx.consents.replace(changed, expected=before.version)

    draft = Draft(
        entry_id=entry_id,
        kind=kind,
        basis=member.basis,
        by=member.by(department=before.department_id, client=before.client_id),
        trace=member.trace(),
        on=under(replace(after, version=version)),
        evidence=named(after.details),
        change=StateChange(
            object=Guarded.GRANT.value,
            id=before.grant_id.hex(),
            came_from=before.status.value,
            became=after.status.value,
            version=version,
        ),
    )
    outcome = submit_change(
        vault,
        member,
        draft,
        space=member.space,
        before=ready(vault, member, space=member.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.CONSENT,
        urgency=Urgency.NORMAL if resumed else Urgency.TAKES_AWAY,
    )
    return committed(outcome).receipt


def _decided(asking: Asking, member: Member, consent: Consent, *, resumed: bool) -> Decided:
    """Ask whether a part may go, or, where it is to go on, whether it may be given again."""
    holder, facts = asking.holder(member.space)
    levels = [catalogue()[code].level for code in consent.details.evidence]
    person, mandate = asking.acting(member, holder)
    request = AccessRequest(
        action=Action.CONSENT_RESUME if resumed else Action.CONSENT_END,
        level=max(levels) if resumed else None,
        member=person,
        mandate=None if resumed else mandate,  # Giving it again is the holder's alone.
        holder=facts,
        consent=asking.consent(consent),
    )
    return asking.decided(request)
