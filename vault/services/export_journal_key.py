"""Who can find all own entries in public data can see that none is missing (journal.md 9).

A holder takes the own tag key and the openings of the own entries along; a department its own
tag key, and how far its own numbers go. Both are entries, and nothing leaves before they are
committed. Neither key opens anything: it tells whose leaves are whose.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from policies.requests import AccessRequest, Action
from vault.clients.levels import AAL2
from vault.crypto.keys import DepartmentTagKey, HolderTagKey
from vault.crypto.suites import suite_numbered
from vault.errors import IntegrityError, NotFoundError
from vault.ids import DepartmentId, Space
from vault.journal.entries import Basis, By, Kind
from vault.journal.leaves import Leaf
from vault.journal.operations import Committed, Decided, Disclosure
from vault.journal.sealing import EntryKeys, open_entry
from vault.journal.statements import Opening, make_opening
from vault.ports import KeptEntry, Tx
from vault.services import Vault
from vault.services.acting import Caller, Member, new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, committed
from vault.services.entry_keys import entry_keys, system_entry_keys
from vault.services.own_passkeys import check_sign_in

PAGE: Final = 100
"""Entries that are opened in one unit of work."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Found:
    """Where one own entry stands.

    Attributes:
        opening: ``None`` where the law keeps it back for now, or its content is gone.
    """

    index: int
    opening: Opening | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far an owner's numbers go in one log.

    Attributes:
        lane: Number of the log.
        size: Entries of the log at that moment.
        count: Own entries among them.
    """

    origin: str
    lane: int
    size: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderExport:
    """What a holder takes along.

    Attributes:
        entries: As many as ``reach`` counts, in the order of their numbers; breaks off with
            ``IntegrityError`` if one does not open.
    """

    tag_key: HolderTagKey = field(repr=False)
    reach: Reach
    entries: Iterator[Found] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentExport:
    """What a department takes along: its numbers run on in each log by themselves."""

    tag_key: DepartmentTagKey = field(repr=False)
    reaches: tuple[Reach, ...]


def may_export(vault: Vault, member: Member) -> None:
    """Return if the sign-in is strong and fresh enough to ask for the own key.

    Raises:
        NotFoundError: The member acts for somebody else.
        StepUpRequiredError: A passkey is needed, used just now.
    """
    if member.is_agent:
        raise NotFoundError("a journal key is the holder's own")
    check_sign_in(vault, member, acr=AAL2)


def export_own_key(vault: Vault, member: Member) -> HolderExport:
    """Hand a holder the own tag key, and openings of all own entries up to this one.

    Raises:
        NotFoundError: The member acts for somebody else.
        AccessDeniedError: The sign-in is too weak or too old; journalled.
        JournalUnavailableError: Nothing was handed out.
    """
    if member.is_agent:
        raise NotFoundError("a journal key is the holder's own")

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        holder, facts = asking.holder(member.space)
        who = member.facts(holder.kind, now_ms=at_ms)
        return asking.decided(AccessRequest(action=Action.OWN_EXPORT, member=who, holder=facts))

    with vault.read() as tx:
        decided = decide(tx, vault.clock.now_ms())
        keys = entry_keys(tx, keyring=vault.keyring, space=member.space, actor_id=member.actor_id)
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.OWN_EXPORT,
        basis=member.basis,
        by=member.by(),
        trace=member.trace(),
    )
    operation = Disclosure(
        log_id=member.space.log_id,
        space=member.space,
        actor_id=member.actor_id,
        entry_id=draft.entry_id,
        keys=keys,
        decided=decided,
        decide=decide,
        entry=draft.entry,
        quota_id=member.space.holder_id,
    )
    done = committed(vault.journal.submit(operation))
    if keys.holder_tag_key is None or done.kept.holder_seq is None:
        raise IntegrityError("an entry of a holder has the holder's number")
    count = done.kept.holder_seq + 1
    return HolderExport(
        tag_key=keys.holder_tag_key,
        reach=_reach(vault, member.space.log_id, size=done.index + 1, count=count),
        entries=_entries(vault, member.space, count=count),
    )


def export_department_key(vault: Vault, caller: Caller) -> DepartmentExport:
    """Hand a department its own tag key, and how far its numbers go in each log.

    Raises:
        TokenEndedError, ReplayedError: The token or its proof is used up.
        JournalUnavailableError: Nothing was handed out.
    """
    department_id = caller.department_id

    def decide(tx: Tx, at_ms: int) -> Decided:
        return Asking(tx, now_ms=at_ms).decided(AccessRequest(action=Action.SYSTEM))

    with vault.read() as tx:
        decided = decide(tx, vault.clock.now_ms())
        keys = system_entry_keys(tx, keyring=vault.keyring, actor_id=department_id)
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.OWN_EXPORT,
        basis=Basis.SYSTEM,
        by=By(department=department_id, client=caller.live.client.client_id),
        trace=caller.trace(),
    )
    operation = Disclosure(
        log_id=0,
        space=None,
        actor_id=department_id,
        entry_id=draft.entry_id,
        keys=keys,
        decided=decided,
        decide=decide,
        entry=draft.entry,
        claims=caller.claims,
        token_hash=caller.token_hash,
        quota_id=caller.quota_id,
    )
    done = committed(vault.journal.submit(operation))
    reaches = _reaches(vault, department_id, done=done)
    return DepartmentExport(tag_key=keys.actor_tag_key, reaches=reaches)


def _reaches(vault: Vault, actor_id: DepartmentId, *, done: Committed) -> tuple[Reach, ...]:
    """Return how far the numbers go: in log 0 to the entry just made, elsewhere to the head."""
    sizes = [done.index + 1, *(log.size() for log in vault.logs[1:])]
    with vault.read() as tx:
        counts = [
            tx.entries.acts(log_id, actor_id=actor_id, size=size)
            for log_id, size in enumerate(sizes)
        ]
    return tuple(
        _reach(vault, log_id, size=size, count=count)
        for log_id, (size, count) in enumerate(zip(sizes, counts, strict=True))
    )


def _reach(vault: Vault, log_id: int, *, size: int, count: int) -> Reach:
    return Reach(origin=vault.logs[log_id].origin, lane=log_id, size=size, count=count)


def _entries(vault: Vault, space: Space, *, count: int) -> Iterator[Found]:
    """Yield the first ``count`` entries of a holder, some to a unit of work."""
    for start in range(0, count, PAGE):
        with vault.read() as tx:
            before = min(start + PAGE, count)
            kept = tx.entries.of_holder(space, before=before, limit=before - start)
            found = [_found(vault, tx, space, one) for one in reversed(kept)]
        yield from found


def _found(vault: Vault, tx: Tx, space: Space, kept: KeptEntry) -> Found:
    if not kept.payload:
        return Found(index=kept.index, opening=None)
    keys = _keys(vault, tx, space, kept)
    suite = suite_numbered(Leaf.from_bytes(kept.leaf).suite)
    vault_id = vault.keyring.vault_id
    entry = open_entry(
        kept.payload,
        keys=keys,
        entry_id=kept.entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    if entry.sealed is not None and entry.sealed.until_ms > vault.clock.now_ms():
        return Found(index=kept.index, opening=None)
    opening = make_opening(
        kept.payload,
        keys=keys,
        entry_id=kept.entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    return Found(index=kept.index, opening=opening)


def _keys(vault: Vault, tx: Tx, space: Space, kept: KeptEntry) -> EntryKeys:
    return entry_keys(
        tx,
        keyring=vault.keyring,
        space=space,
        actor_id=DepartmentId(kept.actor_id),
        version=kept.key_version,
    )
