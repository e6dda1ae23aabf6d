"""``/v1/demands``: what holders demand of a department, and what it answers."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from api.deps import Bearer, PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS, ReceiptOut, StrictIn, iso
from api.routers.callers import RequestId, caller_of, scoped
from api.routers.strict import StrictRoute
from policies.scopes import CASES_WRITE
from vault.demands import MAX_TEXT_CHARACTERS, Answer, Demand, DemandKind, DemandState
from vault.ids import EntryId, parse_id
from vault.services.acting import Caller
from vault.services.answer_demand import AnswerDemand, answer_demand, list_demands

ID: Final = "^[0-9a-f]{32}$"

router = APIRouter(prefix="/v1/demands", tags=["demands"], route_class=StrictRoute)


class AnswerIn(StrictIn):
    """What is answered: the explanation, how it was deleted, or why not."""

    outcome: Literal["answered", "refused"]
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)


class DemandOut(BaseModel):
    """A demand that waits for an answer. ``about`` is the entry of the department's own access."""

    demand_id: str
    kind: DemandKind
    about: str
    asked: str
    due: str

    @classmethod
    def from_domain(cls, found: Demand) -> "DemandOut":
        """Return the wire form, field by field."""
        return cls(
            demand_id=found.demand_id.hex(),
            kind=found.kind,
            about=found.about.hex(),
            asked=iso(found.asked_at_ms),
            due=iso(found.due_at_ms),
        )


class OpenDemandsOut(BaseModel):
    """What waits for an answer, by when it is due; ``more`` is the next page's ``after``."""

    demands: list[DemandOut]
    more: str | None


class AnswerOut(BaseModel):
    """The proof that it was answered."""

    receipt: ReceiptOut


def _authority(shown: PresentedDep, wired: WiredDep, request_id: RequestId) -> Caller:
    return caller_of(scoped(wired, shown, scope=CASES_WRITE), request_id=request_id)


def _reader(shown: PresentedDep, wired: WiredDep) -> Bearer:
    return wired.resolve.once(shown, scope=CASES_WRITE)


@router.get("", responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def list_what_is_demanded(
    bearer: Annotated[Bearer, Depends(_reader)],
    wired: WiredDep,
    after: Annotated[str | None, Query(pattern=ID)] = None,
) -> OpenDemandsOut:
    """List what holders demand of the department and it has not answered."""
    found = list_demands(
        wired.vault,
        bearer.live.client.department_id,
        after=None if after is None else EntryId(parse_id(after)),
    )
    return OpenDemandsOut(
        demands=[DemandOut.from_domain(one) for one in found.demands],
        more=found.demands[-1].demand_id.hex() if found.more else None,
    )


@router.post(
    "/{demand_id}/answer", status_code=201, responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN
)
def answer(
    demand_id: Annotated[str, Path(pattern=ID, description="id of the demand")],
    caller: Annotated[Caller, Depends(_authority)],
    wired: WiredDep,
    sent: AnswerIn,
) -> AnswerOut:
    """Answer a demand, or say why not; the holder is told."""
    asked = AnswerDemand(
        caller=caller,
        demand_id=EntryId(parse_id(demand_id)),
        answer=Answer(outcome=DemandState(sent.outcome), text=sent.text),
    )
    return AnswerOut(receipt=ReceiptOut.from_domain(answer_demand(wired.vault, asked)))
