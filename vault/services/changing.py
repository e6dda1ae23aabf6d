"""Submits what changes a space: the entry, its writes, and the notice that tells of it."""

from collections.abc import Callable

from vault.ids import ID_BYTES, NoticeId, Space
from vault.journal.operations import Change, Decided, Outcome, Request, Urgency
from vault.journal.sealing import EntryKeys
from vault.notices import Notice, NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, Member
from vault.services.entering import Draft


def submit_change(
    vault: Vault,
    who: Caller | Member,
    draft: Draft,
    *,
    space: Space,
    keys: EntryKeys,
    decided: Decided,
    decide: Callable[[Tx, int], Decided],
    effect: Callable[[Tx, int], None],
    tells: NoticeKind | None = None,
    request: Request | None = None,
    urgency: Urgency = Urgency.NORMAL,
) -> Outcome:
    """Submit a change of a space to the journal; return what became of it.

    Args:
        vault: The vault.
        who: Acts; the change counts towards the share of this caller or member.
        draft: What the entry says.
        space: That is changed.
        keys: Of the entry.
        decided: Before the queue.
        decide: Decides anew under the lock.
        effect: The writes, given the batch's time, UTC milliseconds.
        tells: The notice that the holder gets of it; ``None`` for none.
        request: The caller's own id of the change, if it sent one.
        urgency: What takes rights away goes first.

    Raises:
        ConflictError: Somebody else was first, or the request id was used otherwise.
        JournalUnavailableError: Not known to be changed.
    """
    notice_id = None if tells is None else NoticeId(vault.random(ID_BYTES))

    def effects(tx: Tx, at_ms: int) -> None:
        effect(tx, at_ms)
        if tells is not None and notice_id is not None:
            notice = Notice(
                space=space,
                notice_id=notice_id,
                kind=tells,
                entry_id=draft.entry_id,
                at_ms=at_ms,
            )
            tx.notices.add([notice])

    return vault.journal.submit(
        Change(
            log_id=space.log_id,
            space=space,
            actor_id=who.actor_id,
            entry_id=draft.entry_id,
            keys=keys,
            decided=decided,
            decide=decide,
            entry=draft.entry,
            effect=effects,
            claims=who.claims,
            quota_id=who.quota_id,
            request=request,
            urgency=urgency,
        )
    )
