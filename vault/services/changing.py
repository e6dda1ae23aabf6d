"""Submits what changes a space: the entry, its writes, and the notice that tells of it."""

from collections.abc import Callable
from typing import NamedTuple

from vault.ids import ID_BYTES, NoticeId, Space
from vault.journal.operations import Change, Decided, Outcome, Request, Urgency
from vault.journal.sealing import EntryKeys
from vault.notices import Notice, NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, Member
from vault.services.entering import Draft
from vault.services.entry_keys import entry_keys

Decide = Callable[[Tx, int], Decided]
"""Decides about an act from live rows at an instant, UTC milliseconds."""


class Ready(NamedTuple):
    """What must be at hand before a change is queued: the writer waits for no key."""

    decided: Decided
    keys: EntryKeys


def ready(vault: Vault, who: Caller | Member, *, space: Space, decide: Decide) -> Ready:
    """Decide for the first time, and unwrap the keys of the entry.

    Raises:
        KeyUnavailableError: A key is not there (any more).
    """
    with vault.read() as tx:
        return Ready(
            decided=decide(tx, vault.clock.now_ms()),
            keys=entry_keys(tx, keyring=vault.keyring, space=space, actor_id=who.actor_id),
        )


def submit_change(
    vault: Vault,
    who: Caller | Member,
    draft: Draft,
    *,
    space: Space,
    before: Ready,
    decide: Decide,
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
        before: Decided and unwrapped before the queue.
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
            keys=before.keys,
            decided=before.decided,
            decide=decide,
            entry=draft.entry,
            effect=effects,
            claims=who.claims,
            token_hash=who.token_hash,
            quota_id=who.quota_id,
            request=request,
            urgency=urgency,
        )
    )
