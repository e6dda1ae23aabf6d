"""A department's system gives a consent back: it needs nothing more (PIPL 47).

The same step of the same row as the holder's own revocation, in the same order of the log; the
holder sees who ended it, and is told.
"""

from dataclasses import dataclass, replace

from policies.requests import AccessRequest, Action
from vault.consents import Consent, ConsentStatus
from vault.errors import ConflictError, NotFoundError
from vault.ids import GrantId
from vault.journal.entries import Basis, Kind, StateChange
from vault.journal.operations import Decided, Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed, under
from vault.services.give_consent import named


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReturnConsent:
    """Which consent is given back.

    Attributes:
        caller: Its token has the scope ``grant_management_revoke``.
    """

    caller: Caller
    grant_id: GrantId


def granted_to(tx: Tx, caller: Caller, *, grant_id: GrantId) -> Consent:
    """Return a consent that was given to the caller's client.

    Raises:
        NotFoundError: There is none, or it was given to another.
    """
    consent = tx.consents.find(grant_id)
    if consent is None or consent.client_id != caller.live.client.client_id:
        raise NotFoundError("no such consent")
    return consent


def return_consent(vault: Vault, asked: ReturnConsent) -> Receipt:
    """Give a consent back; return the receipt.

    Raises:
        NotFoundError: This client was given no such consent.
        ConflictError: It has ended already.
        AccessDeniedError, TokenEndedError, ReplayedError: Refused; the refusal is journalled.
        JournalUnavailableError: Not known to be given back: ask again.
    """
    caller = asked.caller
    with vault.read() as tx:
        before = granted_to(tx, caller, grant_id=asked.grant_id)
    if before.status is ConsentStatus.REVOKED:
        raise ConflictError("this consent has ended already")
    entry_id = new_entry_id(vault.random)
    after = replace(
        before, status=ConsentStatus.REVOKED, version=before.version + 1, state_entry=entry_id
    )

    def decide(tx: Tx, at_ms: int) -> Decided:
        consent = granted_to(tx, caller, grant_id=asked.grant_id)
        return _decided(Asking(tx, now_ms=at_ms), caller, consent)

    def effect(tx: Tx, at_ms: int) -> None:
        tx.consents.replace(replace(after, ended_at_ms=at_ms), expected=before.version)

    draft = Draft(
        entry_id=entry_id,
        kind=Kind.CONSENT_END,
        basis=Basis.SYSTEM,  # What the consent is a basis for is looking; this is its end.
        by=caller.by(),
        trace=caller.trace(),
        on=under(after),
        evidence=named(after.details),
        asked=(),
        change=StateChange(
            object=Guarded.GRANT.value,
            id=before.grant_id.hex(),
            came_from=before.status.value,
            became=after.status.value,
            version=after.version,
        ),
    )
    outcome = submit_change(
        vault,
        caller,
        draft,
        space=before.space,
        before=ready(vault, caller, space=before.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.CONSENT,
        urgency=Urgency.TAKES_AWAY,
    )
    return committed(outcome).receipt


def _decided(asking: Asking, caller: Caller, consent: Consent) -> Decided:
    _, holder = asking.holder(consent.space)
    request = AccessRequest(
        action=Action.CONSENT_RETURN,
        client=asking.client(caller.live.client.client_id),
        holder=holder,
        consent=asking.consent(consent),
    )
    return asking.decided(request)
