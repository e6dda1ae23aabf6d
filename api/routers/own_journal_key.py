"""``/v1/me/journal-key``: who has it finds all own entries in public data.

It takes a passkey that was used just now, and is an entry. What comes is the file that
``myspace-verify mine`` reads.
"""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import WiredDep
from api.openapi import BY_FORM
from api.routers.answers import NO_STORE, OWN_PROBLEMS, OpeningOut
from api.routers.own_records import attachment
from api.routers.signed_in import ChangingMemberDep
from api.routers.strict import StrictRoute
from vault.services.export_journal_key import export_own_key
from vault.services.key_file import NAME, holder_file

JSON: Final = "application/json"
KEY_HEADERS: Final = {**NO_STORE, "Content-Disposition": attachment(NAME)}

router: Final = APIRouter(prefix="/v1/me/journal-key", tags=["me"], route_class=StrictRoute)


class FoundOut(BaseModel):
    """Where an own entry stands; without an opening while the law keeps it back."""

    index: int
    opening: OpeningOut | None = None


class ReachOut(BaseModel):
    """How far the numbers go in one log: ``count`` own entries among the first ``size``."""

    origin: str
    lane: int
    size: int
    count: int


class OwnReachOut(ReachOut):
    """The same with every own entry, in the order of their numbers."""

    entries: list[FoundOut]


class OwnJournalKeyOut(BaseModel):
    """The holder's tag key in hex: a secret that tells which public leaves are the holder's."""

    v: int
    kind: str
    tag_key: str
    logs: list[OwnReachOut]


@router.post(
    "",
    response_class=StreamingResponse,
    responses=OWN_PROBLEMS | {200: {"model": OwnJournalKeyOut}},
    openapi_extra=BY_FORM,
)
def export_own(member: ChangingMemberDep, wired: WiredDep) -> StreamingResponse:
    """Hand out the own tag key and openings; breaks off if an entry does not open."""
    found = export_own_key(wired.vault, member)
    return StreamingResponse(holder_file(found), media_type=JSON, headers=KEY_HEADERS)
