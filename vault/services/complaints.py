"""Complaints of holders: read and answered by whoever runs the vault (PIPL 50, 65)."""

from dataclasses import dataclass, field
from typing import Final

from policies.requests import AccessRequest, Action
from vault.crypto.keyring import SYSTEM_ACTOR_ID
from vault.crypto.suites import suite_numbered
from vault.demands import Answer, Demand
from vault.departments import Department
from vault.errors import NotFoundError
from vault.ids import ID_BYTES, DepartmentId, EntryId, NoticeId
from vault.journal.entries import Basis, By, Demanded, Entry, Kind, RequestTrace
from vault.journal.leaves import Leaf
from vault.journal.operations import Change, Decided
from vault.journal.receipts import Receipt
from vault.journal.sealing import open_entry
from vault.notices import Notice, NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, committed
from vault.services.entry_keys import entry_keys

MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint, opened.

    Attributes:
        text: The holder's words.
        department: About whom it is.
    """

    demand: Demand
    department: Department | None
    text: str = field(repr=False)


def open_complaints(vault: Vault) -> tuple[Demand, ...]:
    """Return the complaints that nobody has answered, by when they are due."""
    with vault.read() as tx:
        return tx.demands.complaints(limit=MOST)


def read_complaint(vault: Vault, demand_id: EntryId) -> Complaint:
    """Return a complaint with its words; it is addressed to whoever reads it here.

    Raises:
        NotFoundError: There is none.
        IntegrityError: Its entry does not open.
    """
    with vault.read() as tx:
        demand, entry = _opened(vault, tx, demand_id)
        department = tx.departments.get(demand.department_id)
    said = entry.demanded
    return Complaint(
        demand=demand,
        department=department,
        text="" if said is None or said.text is None else said.text,
    )


def answer_complaint(vault: Vault, demand_id: EntryId, answer: Answer) -> Receipt:
    """Enter an answer; return the receipt. The holder is told.

    Raises:
        NotFoundError: There is no such complaint.
        ConflictError: It was answered before.
        JournalUnavailableError: Not known to be answered: ask again.
    """
    entry_id = new_entry_id(vault.random)
    notice_id = NoticeId(vault.random(ID_BYTES))

    def decide(tx: Tx, at_ms: int) -> Decided:
        return Asking(tx, now_ms=at_ms).decided(AccessRequest(action=Action.SYSTEM))

    def effect(tx: Tx, at_ms: int) -> None:
        answered = _known(tx, demand_id).answered(answer, entry_id=entry_id, at_ms=at_ms)
        tx.demands.close(answered)
        notice = Notice(
            space=answered.space,
            notice_id=notice_id,
            kind=NoticeKind.ACCESS,
            entry_id=entry_id,
            at_ms=at_ms,
        )
        tx.notices.add([notice])

    with vault.read() as tx:
        demand = _known(tx, demand_id)
        decided = decide(tx, vault.clock.now_ms())
        keys = entry_keys(tx, keyring=vault.keyring, space=demand.space, actor_id=SYSTEM_ACTOR_ID)
    draft = Draft(
        entry_id=entry_id,
        kind=Kind.DEMAND_ANSWER,
        basis=Basis.SYSTEM,
        by=By(),
        trace=RequestTrace(),
        demanded=Demanded(
            kind=demand.kind.value,
            pull=demand.about,
            demand=demand.demand_id,
            outcome=answer.outcome.value,
            text=answer.text,
        ),
    )
    outcome = vault.journal.submit(
        Change(
            log_id=demand.space.log_id,
            space=demand.space,
            actor_id=SYSTEM_ACTOR_ID,
            entry_id=entry_id,
            keys=keys,
            decided=decided,
            decide=decide,
            entry=draft.entry,
            effect=effect,
        )
    )
    return committed(outcome).receipt


def _known(tx: Tx, demand_id: EntryId) -> Demand:
    found = tx.demands.complaint(demand_id)
    if found is None:
        raise NotFoundError("no such complaint")
    return found


def _opened(vault: Vault, tx: Tx, demand_id: EntryId) -> tuple[Demand, Entry]:
    demand = tx.demands.complaint(demand_id)
    kept = None if demand is None else tx.entries.get(demand.space.log_id, entry_id=demand_id)
    if demand is None or kept is None:
        raise NotFoundError("no such complaint")
    keys = entry_keys(
        tx,
        keyring=vault.keyring,
        space=demand.space,
        actor_id=DepartmentId(kept.actor_id),
        version=kept.key_version,
    )
    return demand, open_entry(
        kept.payload,
        keys=keys,
        entry_id=kept.entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault.keyring.vault_id,
        suite=suite_numbered(Leaf.from_bytes(kept.leaf).suite),
    )
