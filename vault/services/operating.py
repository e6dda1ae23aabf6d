"""What the operator's acts share: entries without a holder, in log 0, under the system's key."""

from collections.abc import Callable

from policies.access import decide
from policies.bundle import Bundle
from policies.requests import AccessRequest, Action
from vault.crypto.keyring import SYSTEM_ACTOR_ID
from vault.journal.entries import Basis, By, Kind, RequestTrace, StateChange
from vault.journal.operations import Change, Decided, Urgency
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, committed
from vault.services.entry_keys import system_entry_keys


def operate(
    vault: Vault,
    *,
    kind: Kind,
    change: StateChange | None,
    effect: Callable[[Tx, int], None],
    by: By | None = None,
    urgency: Urgency = Urgency.NORMAL,
    bundle: Bundle | None = None,
) -> Receipt:
    """Submit an act of the operator; return its receipt.

    Args:
        vault: The vault.
        kind: What happens.
        change: Which guarded row changes; ``None`` if none does.
        effect: The writes.
        by: Whom it concerns, as far as the entry names anybody.
        urgency: What takes rights away goes first.
        bundle: Decides instead of the policies in force, where none are in force yet.

    Raises:
        ConflictError: Somebody else was first; nothing changed.
        JournalUnavailableError: Nothing changed.
    """
    asked = AccessRequest(action=Action.SYSTEM)

    def judge(tx: Tx, at_ms: int) -> Decided:
        if bundle is None:
            return Asking(tx, now_ms=at_ms).decided(asked)
        return Decided(decision=decide(asked, bundle=bundle), seen=(), inputs=asked.canonical())

    with vault.read() as tx:
        decided = judge(tx, vault.clock.now_ms())
        keys = system_entry_keys(tx, keyring=vault.keyring, actor_id=SYSTEM_ACTOR_ID)
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=kind,
        basis=Basis.SYSTEM,
        by=by or By(),
        trace=RequestTrace(),
        change=change,
    )
    outcome = vault.journal.submit(
        Change(
            log_id=0,
            space=None,
            actor_id=SYSTEM_ACTOR_ID,
            entry_id=draft.entry_id,
            keys=keys,
            decided=decided,
            decide=judge,
            entry=draft.entry,
            effect=effect,
            urgency=urgency,
        )
    )
    return committed(outcome).receipt
