"""``/v1/cases``: a department takes up a matter, for which evidence may then be asked."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.deps import PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS, NumberIn, ReceiptOut, StrictIn
from api.routers.callers import RequestId, caller_of, holder_of, scoped
from api.routers.strict import StrictRoute
from policies.scopes import CASES_WRITE
from vault.services.acting import Caller
from vault.services.open_case import OpenCase, open_case

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=StrictRoute)


class CaseIn(StrictIn):
    """Whose matter it is, and which."""

    holder: NumberIn
    item: str = Field(max_length=64, description="code of the service item")


class CaseOut(BaseModel):
    """A case that is open."""

    case_no: str
    receipt: ReceiptOut


def _authority(shown: PresentedDep, wired: WiredDep, request_id: RequestId) -> Caller:
    return caller_of(scoped(wired, shown, scope=CASES_WRITE), request_id=request_id)


@router.post("", status_code=201, responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def take_up_case(
    caller: Annotated[Caller, Depends(_authority)], wired: WiredDep, sent: CaseIn
) -> CaseOut:
    """Open a case for the holder of a number; the space is opened too if there is none."""
    opened = open_case(
        wired.vault,
        OpenCase(
            caller=caller,
            number=holder_of(sent.holder, vault=wired.vault),
            item=sent.item,
        ),
    )
    return CaseOut(case_no=opened.case_no, receipt=ReceiptOut.from_domain(opened.receipt))
