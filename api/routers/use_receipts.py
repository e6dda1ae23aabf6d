"""``/v1/use-receipts``: a department says what it used evidence for, and when it goes."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.deps import Bearer, PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS, Day, ReceiptOut, StrictIn, iso
from api.routers.callers import RequestId, caller_of, scoped
from api.routers.strict import StrictRoute
from policies.scopes import CASES_WRITE
from vault.ids import EntryId, parse_id
from vault.services.acting import Caller
from vault.services.owing import list_outstanding
from vault.services.report_use import ReportUse, report_use
from vault.use_receipts import MAX_DECISION_CHARACTERS, UseReceipt, UseReport, UseState

ID: Final = "^[0-9a-f]{32}$"

router = APIRouter(prefix="/v1/use-receipts", tags=["use-receipts"], route_class=StrictRoute)


class UseIn(StrictIn):
    """What is said of a pull: used for a decision and kept, not used, or gone by now."""

    entry_id: str = Field(pattern=ID, description="entry of the pull, as in its receipt")
    outcome: Literal["used", "unused", "purged"]
    decision: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_DECISION_CHARACTERS,
        description="number of the decision; with used alone",
    )
    kept_until: Day | None = Field(
        default=None, description="last day on which it is kept; with used alone"
    )


class OwedOut(BaseModel):
    """A pull of which something is still to be said.

    ``owed``: what it was used for. ``used``: that it was deleted, for its day is over.
    """

    entry_id: str
    state: UseState
    pulled_at: str
    due: str
    kept_until: date | None
    keep_at_most: date

    @classmethod
    def from_domain(cls, found: UseReceipt) -> "OwedOut":
        """Return the wire form, field by field."""
        return cls(
            entry_id=found.entry_id.hex(),
            state=found.state,
            pulled_at=iso(found.pulled_at_ms),
            due=iso(found.due_at_ms),
            kept_until=found.kept_until,
            keep_at_most=found.keep_at_most,
        )


class OutstandingOut(BaseModel):
    """What is still to be said, by when it is due; ``more`` is the next page's ``after``."""

    outstanding: list[OwedOut]
    more: str | None


class UseOut(BaseModel):
    """The proof that it was said."""

    receipt: ReceiptOut


def _authority(shown: PresentedDep, wired: WiredDep, request_id: RequestId) -> Caller:
    return caller_of(scoped(wired, shown, scope=CASES_WRITE), request_id=request_id)


def _reader(shown: PresentedDep, wired: WiredDep) -> Bearer:
    return wired.resolve.once(shown, scope=CASES_WRITE)


@router.post("", status_code=201, responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def say_what_it_was_used_for(
    caller: Annotated[Caller, Depends(_authority)], wired: WiredDep, sent: UseIn
) -> UseOut:
    """Enter what the department did with what a pull of its own released."""
    report = UseReport(
        outcome=UseState(sent.outcome), decision=sent.decision, kept_until=sent.kept_until
    )
    asked = ReportUse(caller=caller, pull=EntryId(parse_id(sent.entry_id)), report=report)
    return UseOut(receipt=ReceiptOut.from_domain(report_use(wired.vault, asked)))


@router.get("", responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def list_what_is_owed(
    bearer: Annotated[Bearer, Depends(_reader)],
    wired: WiredDep,
    after: Annotated[str | None, Query(pattern=ID)] = None,
) -> OutstandingOut:
    """List the pulls of which the department still has to say something."""
    found = list_outstanding(
        wired.vault,
        bearer.live.client.department_id,
        after=None if after is None else EntryId(parse_id(after)),
    )
    return OutstandingOut(
        outstanding=[OwedOut.from_domain(one) for one in found.receipts],
        more=found.receipts[-1].entry_id.hex() if found.more else None,
    )
