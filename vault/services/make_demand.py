"""A holder asks a department to explain or to delete, or complains about what it did."""

from dataclasses import dataclass
from typing import Final

from policies.requests import AccessRequest, Action
from vault.demands import Demand, DemandKind, DemandState, check_words
from vault.errors import ConflictError, InvalidInputError, NotFoundError
from vault.ids import DepartmentId, EntryId
from vault.journal.entries import By, Demanded, Kind
from vault.journal.operations import Decided
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.list_accesses import Access, read_access

EXPLAINED: Final = frozenset({Kind.PULL, Kind.LIST, Kind.REFUSAL})
"""What a department did, or tried, and has to explain."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MakeDemand:
    """What is demanded about which access.

    Attributes:
        text: The holder's words, in a complaint.
    """

    member: Member
    about: EntryId
    kind: DemandKind
    text: str = ""


def may_demand(access: Access, kind: DemandKind) -> bool:
    """Say whether ``kind`` makes sense about an access of a department."""
    entry = access.entry
    if entry.by.department is None or entry.by.member is not None:
        return False
    if kind is DemandKind.COMPLAIN:
        return True
    return entry.kind is Kind.PULL or (kind is DemandKind.EXPLAIN and entry.kind in EXPLAINED)


def make_demand(vault: Vault, asked: MakeDemand) -> Receipt:
    """Put a demand to the department; return the receipt.

    Raises:
        NotFoundError: The holder has no such access, or acts for somebody else.
        InvalidInputError: There is nothing to demand about it, or a complaint says nothing.
        ConflictError: It was demanded already, and is not answered yet.
        JournalUnavailableError: Not known to be demanded: ask again.
    """
    member = asked.member
    if member.is_agent:
        raise NotFoundError("a demand is the holder's own")
    check_words(asked.kind, asked.text)
    access = read_access(vault, member, asked.about)
    department_id = access.entry.by.department
    if department_id is None or not may_demand(access, asked.kind):
        raise InvalidInputError("a department did nothing here that it could answer for")
    entry_id = new_entry_id(vault.random)

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        holder, facts = asking.holder(member.space)
        who = member.facts(holder.kind, now_ms=at_ms)
        return asking.decided(AccessRequest(action=Action.DEMAND_ASK, member=who, holder=facts))

    def effect(tx: Tx, at_ms: int) -> None:
        _refuse_twice(tx, asked)
        tx.demands.add(_demand(vault, asked, department_id, entry_id=entry_id, at_ms=at_ms))

    draft = Draft(
        entry_id=entry_id,
        kind=Kind.DEMAND_ASK,
        basis=member.basis,
        by=By(department=department_id, member=member.by().member),
        trace=member.trace(),
        demanded=Demanded(kind=asked.kind.value, pull=asked.about, text=asked.text or None),
    )
    outcome = submit_change(
        vault,
        member,
        draft,
        space=member.space,
        before=ready(vault, member, space=member.space, decide=decide),
        decide=decide,
        effect=effect,
    )
    return committed(outcome).receipt


def _demand(
    vault: Vault,
    asked: MakeDemand,
    department_id: DepartmentId,
    *,
    entry_id: EntryId,
    at_ms: int,
) -> Demand:
    return Demand.asked(
        space=asked.member.space,
        demand_id=entry_id,
        about=asked.about,
        department_id=department_id,
        kind=asked.kind,
        at_ms=at_ms,
        days=vault.demand_days,
    )


def _refuse_twice(tx: Tx, asked: MakeDemand) -> None:
    for one in tx.demands.about(asked.member.space, entry_id=asked.about):
        if one.kind is asked.kind and one.state is DemandState.OPEN:
            raise ConflictError("this was demanded already, and is not answered yet")
