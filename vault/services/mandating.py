"""Submits what changes a mandate: its entry stands in the space that it opens."""

from collections.abc import Callable

from vault.ids import ID_BYTES, NoticeId, Space
from vault.journal.entries import Evidence, Kind, StateChange
from vault.journal.operations import Decided, Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.mandates import Mandate, MandateStatus
from vault.notices import Notice, NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed


def submit_mandate(
    vault: Vault,
    member: Member,
    mandate: Mandate,
    *,
    came_from: MandateStatus | None,
    kind: Kind,
    decide: Callable[[Tx, int], Decided],
    effect: Callable[[Tx, int], None],
    urgency: Urgency,
) -> Receipt:
    """Submit a step of a mandate, tell everybody whom it concerns, and return the receipt.

    Args:
        vault: The vault.
        member: Acts, with the mandate's space open.
        mandate: As it is from now on.
        came_from: Its status before; ``None`` for a new one.
        kind: What happens.
        decide: Decides before the queue, and anew under the lock.
        effect: The writes.
        urgency: What takes rights away goes first.

    Raises:
        AccessDeniedError, NotFoundError: Refused; the refusal is journalled.
        ConflictError: Somebody else was first.
        JournalUnavailableError: Not known to be done.
    """
    draft = Draft(
        entry_id=mandate.state_entry,
        kind=kind,
        basis=member.basis,
        by=member.by(),
        trace=member.trace(),
        evidence=tuple(
            Evidence(code=code, view=view.label)
            for code, view in sorted(mandate.powers.evidence.items())
        ),
        change=StateChange(
            object=Guarded.MANDATE.value,
            id=mandate.mandate_id.hex(),
            came_from=None if came_from is None else came_from.value,
            became=mandate.status.value,
            version=mandate.version,
        ),
    )
    outcome = submit_change(
        vault,
        member,
        draft,
        space=mandate.space,
        before=ready(vault, member, space=mandate.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.MANDATE,
        urgency=urgency,
    )
    done = committed(outcome)
    _tell(
        vault, mandate, told={mandate.giver, mandate.receiver} - {mandate.space}, at_ms=done.at_ms
    )
    return done.receipt


def _tell(vault: Vault, mandate: Mandate, *, told: set[Space], at_ms: int) -> None:
    """Tell the others whom it concerns; their rows may lie in another log than the entry."""
    with vault.work() as tx:
        tx.notices.add(
            [
                Notice(
                    space=space,
                    notice_id=NoticeId(vault.random(ID_BYTES)),
                    kind=NoticeKind.MANDATE,
                    entry_id=mandate.state_entry,
                    at_ms=at_ms,
                )
                for space in sorted(told)
            ]
        )
