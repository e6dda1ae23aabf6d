"""A mandate is narrowed or ended: by the holder, by who gave it, or given back by its receiver.

Both are as easy as can be. After the receipt is returned nobody can act by what was taken back:
acts and end stand in one order, and every act reads the whole chain again.
"""

from dataclasses import dataclass, replace

from policies.requests import AccessRequest, Action
from vault.errors import ConflictError, InvalidInputError, NotFoundError
from vault.ids import MandateId
from vault.journal.entries import Kind
from vault.journal.operations import Decided, Urgency
from vault.journal.receipts import Receipt
from vault.mandates import Mandate, MandateStatus, Powers
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking
from vault.services.mandating import submit_mandate


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChangeMandate:
    """Which mandate is narrowed or ended."""

    member: Member
    mandate_id: MandateId


def narrow_mandate(vault: Vault, asked: ChangeMandate, *, powers: Powers) -> Receipt:
    """Take back a part of a mandate; return the receipt.

    Raises:
        NotFoundError: The member has given no such mandate.
        InvalidInputError: What would be left is not less than what was given.
        ConflictError: It has ended, or was changed meanwhile.
        AccessDeniedError: It is not the member's to narrow; the refusal is journalled.
        JournalUnavailableError: Not known to be narrowed: ask again.
    """
    before = seen_mandate(vault, asked)
    if not before.powers.covers(powers) or powers == before.powers:
        raise InvalidInputError("a mandate can only be made narrower", field="powers")
    return _change(
        vault,
        asked.member,
        before,
        after=replace(before, powers=powers),
        kind=Kind.MANDATE_NARROW,
        action=Action.MANDATE_NARROW,
    )


def end_mandate(vault: Vault, asked: ChangeMandate) -> Receipt:
    """End a mandate, and all that was passed on of it; return the receipt.

    Raises:
        NotFoundError: The member has neither given nor received such a mandate.
        ConflictError: It has ended already, or was changed meanwhile.
        JournalUnavailableError: Not known to have ended: ask again.
    """
    before = seen_mandate(vault, asked)
    return _change(
        vault,
        asked.member,
        before,
        after=replace(before, status=MandateStatus.ENDED),
        kind=Kind.MANDATE_END,
        action=Action.MANDATE_END,
    )


def seen_mandate(vault: Vault, asked: ChangeMandate) -> Mandate:
    """Return a mandate that is the member's business and has not ended.

    Raises:
        NotFoundError: There is none, or it is somebody else's.
        ConflictError: It has ended already.
    """
    member = asked.member
    with vault.read() as tx:
        found = tx.mandates.find(asked.mandate_id)
    if found is None or not concerns(found, member):
        raise NotFoundError("no such mandate")
    if found.status is not MandateStatus.ACTIVE:
        raise ConflictError("this mandate has ended already")
    return found


def concerns(mandate: Mandate, member: Member) -> bool:
    """Say whether a mandate opens the member's own space, or was given or received by it."""
    if member.is_agent:
        return mandate.space == member.space and mandate.giver == member.person
    return member.person in {mandate.space, mandate.giver, mandate.receiver}


def _change(
    vault: Vault, member: Member, before: Mandate, *, after: Mandate, kind: Kind, action: Action
) -> Receipt:
    """Journal the step from ``before`` to ``after``; times and version are filled in here."""
    ends = after.status is MandateStatus.ENDED
    entry_id = new_entry_id(vault.random)
    changed = replace(
        after,
        version=before.version + 1,
        ended_at_ms=vault.clock.now_ms() if ends else None,
        state_entry=entry_id,
    )
    onto = member
    if member.space != before.space:  # Giver or receiver, at home: the row lies elsewhere.
        signin = member.signin.switched(before.space, mandate_id=before.mandate_id)
        onto = replace(member, signin=signin)

    def effect(tx: Tx, at_ms: int) -> None:
        told = replace(changed, ended_at_ms=at_ms if ends else None)
        tx.mandates.replace(told, expected=before.version)

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        holder, facts = asking.holder(before.space)
        return asking.decided(
            AccessRequest(
                action=action,
                member=onto.facts(holder.kind, now_ms=at_ms),
                holder=facts,
                mandate=asking.mandate(before.space, before.mandate_id),
            )
        )

    return submit_mandate(
        vault,
        onto,
        changed,
        came_from=before.status,
        kind=kind,
        decide=decide,
        effect=effect,
        urgency=Urgency.TAKES_AWAY,
    )
