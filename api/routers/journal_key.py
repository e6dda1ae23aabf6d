"""``/v1/journal-key``: a department finds in public data what was done in its name, and no more.

It is an entry of its own. What comes is the file that ``myspace-verify mine`` reads.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from api.deps import PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS
from api.routers.callers import caller_of, scoped
from api.routers.own_journal_key import JSON, KEY_HEADERS, ReachOut
from api.routers.strict import StrictRoute
from policies.scopes import REGISTRY_READ
from vault.services.acting import Caller
from vault.services.export_journal_key import export_department_key
from vault.services.key_file import department_file

router: Final = APIRouter(prefix="/v1/journal-key", tags=["receipts"], route_class=StrictRoute)


class JournalKeyOut(BaseModel):
    """The department's tag key in hex: a secret that tells which public leaves it made."""

    v: int
    kind: str
    tag_key: str
    logs: list[ReachOut]


def _registry(shown: PresentedDep, wired: WiredDep) -> Caller:
    return caller_of(scoped(wired, shown, scope=REGISTRY_READ))


@router.post(
    "",
    response_class=Response,
    responses=RESOURCE_PROBLEMS | {200: {"model": JournalKeyOut}},
    openapi_extra=BY_TOKEN,
)
def export_department(caller: Annotated[Caller, Depends(_registry)], wired: WiredDep) -> Response:
    """Hand out the department's tag key, and how far its numbers go in each log."""
    found = export_department_key(wired.vault, caller)
    return Response(department_file(found), media_type=JSON, headers=KEY_HEADERS)
