"""``/v1/me/accesses``: who looked, or tried to; newest first, each with its proof."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.deps import WiredDep
from api.openapi import BY_FORM, BY_SIGN_IN
from api.routers.answers import (
    NO_STORE,
    OWN_PROBLEMS,
    ClientOut,
    IssuerOut,
    ReceiptOut,
    ReleasedOut,
    StrictIn,
    iso,
)
from api.routers.signed_in import ChangingMemberDep, IdPath, MemberDep
from api.routers.strict import StrictRoute
from vault.demands import MAX_COMPLAINT_CHARACTERS, Demand, DemandKind, DemandState
from vault.ids import EntryId, parse_id
from vault.journal.entries import Demanded, On, Used
from vault.services.list_accesses import (
    MAX_PAGE,
    PAGE,
    Access,
    archive,
    list_accesses,
    prove_access,
    read_access,
)
from vault.services.make_demand import MakeDemand, make_demand
from vault.use_receipts import UseReceipt, UseState

router = APIRouter(prefix="/v1/me/accesses", tags=["me"], route_class=StrictRoute)

ZIP: Final = "application/zip"


class UseOut(BaseModel):
    """What the department has said of a pull, or owes."""

    state: UseState
    due: str
    kept_until: date | None

    @classmethod
    def from_domain(cls, found: UseReceipt) -> "UseOut":
        """Return the wire form, field by field."""
        return cls(state=found.state, due=iso(found.due_at_ms), kept_until=found.kept_until)


class UsedOut(BaseModel):
    """What the department says in this entry, and of which pull."""

    pull: str
    outcome: str
    decision: str | None
    kept_until: str | None

    @classmethod
    def from_domain(cls, found: Used) -> "UsedOut":
        """Return the wire form, field by field."""
        return cls(
            pull=found.pull.hex(),
            outcome=found.outcome,
            decision=found.decision,
            kept_until=found.kept_until,
        )


class OwnDemandOut(BaseModel):
    """What the holder demanded about this access, and where that stands."""

    demand_id: str
    kind: DemandKind
    state: DemandState
    due: str
    answer: str | None

    @classmethod
    def from_domain(cls, found: Demand) -> "OwnDemandOut":
        """Return the wire form; ``answer`` is the entry that has the words."""
        return cls(
            demand_id=found.demand_id.hex(),
            kind=found.kind,
            state=found.state,
            due=iso(found.due_at_ms),
            answer=None if found.answer_entry is None else found.answer_entry.hex(),
        )


class DemandedOut(BaseModel):
    """What is demanded or answered in this entry."""

    kind: str
    pull: str
    outcome: str | None
    text: str | None

    @classmethod
    def from_domain(cls, found: Demanded) -> "DemandedOut":
        """Return the wire form, field by field."""
        return cls(kind=found.kind, pull=found.pull.hex(), outcome=found.outcome, text=found.text)


class DemandIn(StrictIn):
    """What is demanded of the department; or a complaint, which the operator answers."""

    kind: Literal["explain", "delete", "complain"]
    text: str = Field(
        default="", max_length=MAX_COMPLAINT_CHARACTERS, description="words of a complaint"
    )


class DemandReceiptOut(BaseModel):
    """The proof that it was demanded."""

    receipt: ReceiptOut


class AccessOut(BaseModel):
    """One entry of the holder's space.

    ``number`` counts the holder's own entries without holes; ``index`` is the log's.
    """

    entry_id: str
    number: int
    index: int
    at: str
    kind: str
    basis: str
    department: IssuerOut | None
    client: ClientOut | None
    purpose: str | None
    item: str | None
    case: str | None
    grant_id: str | None
    evidence: list[ReleasedOut]
    result: str | None
    reasons: list[str]
    use: UseOut | None
    used: UsedOut | None
    demands: list[OwnDemandOut]
    demanded: DemandedOut | None

    @classmethod
    def from_domain(cls, found: Access) -> "AccessOut":
        """Return the wire form, field by field."""
        entry = found.entry
        on = entry.on or On()
        return cls(
            entry_id=entry.entry_id.hex(),
            number=found.number,
            index=found.index,
            at=iso(entry.at_ms),
            kind=entry.kind.value,
            basis=entry.basis.value,
            department=found.department and IssuerOut.from_domain(found.department),
            client=found.client and ClientOut.from_domain(found.client),
            purpose=on.purpose,
            item=on.item,
            case=on.case_no,
            grant_id=None if on.grant is None else on.grant.hex(),
            evidence=[
                ReleasedOut(code=one.code, view=one.view, fields=list(one.fields))
                for one in entry.evidence
            ],
            result=None if entry.decision is None else entry.decision.result.value,
            reasons=[] if entry.decision is None else list(entry.decision.reasons),
            use=found.use and UseOut.from_domain(found.use),
            used=entry.used and UsedOut.from_domain(entry.used),
            demands=[OwnDemandOut.from_domain(one) for one in found.demands],
            demanded=entry.demanded and DemandedOut.from_domain(entry.demanded),
        )


class LedgerOut(BaseModel):
    """A page of entries; ``older`` is the next page's ``before``."""

    accesses: list[AccessOut]
    older: int | None


@router.get("", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def list_own(
    member: MemberDep,
    wired: WiredDep,
    before: Annotated[int | None, Query(ge=0, le=2**48)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
) -> LedgerOut:
    """Return entries with numbers below ``before``, newest first."""
    found = list_accesses(wired.vault, member, before=before, limit=limit)
    return LedgerOut(
        accesses=[AccessOut.from_domain(one) for one in found.accesses], older=found.older
    )


@router.get("/{entry_id}", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def read_own(entry_id: IdPath, member: MemberDep, wired: WiredDep) -> AccessOut:
    """Return one entry."""
    found = read_access(wired.vault, member, EntryId(parse_id(entry_id)))
    return AccessOut.from_domain(found)


@router.post("/{entry_id}/demands", status_code=201, responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def demand(
    entry_id: IdPath, member: ChangingMemberDep, wired: WiredDep, sent: DemandIn
) -> DemandReceiptOut:
    """Ask the department to explain or delete, or complain about it to the operator."""
    asked = MakeDemand(
        member=member,
        about=EntryId(parse_id(entry_id)),
        kind=DemandKind(sent.kind),
        text=sent.text,
    )
    return DemandReceiptOut(receipt=ReceiptOut.from_domain(make_demand(wired.vault, asked)))


@router.get(
    "/{entry_id}/proof",
    response_class=Response,
    responses=OWN_PROBLEMS | {200: {"content": {ZIP: {"schema": {"type": "string"}}}}},
    openapi_extra=BY_SIGN_IN,
)
def download_proof(entry_id: IdPath, member: MemberDep, wired: WiredDep) -> Response:
    """Return receipt, opening and statement as an archive."""
    proof = prove_access(wired.vault, member, EntryId(parse_id(entry_id)))
    name = f"{entry_id}.zip"
    return Response(
        archive(proof),
        media_type=ZIP,
        headers={**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'},
    )
