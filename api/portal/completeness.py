"""Is anything missing? The holder takes the own tag key along, to look without our help."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.portal.door import MemberDep, MembersFormDep
from api.portal.pages import page
from api.portal.records import DOWNLOAD, attachment
from api.portal.route import PageRoute
from api.portal.views import CompletenessView
from vault.services.export_journal_key import export_own_key, may_export
from vault.services.key_file import NAME, holder_file

COMPLETE: Final = "/space/complete"
JSON: Final = "application/json"

router: Final = APIRouter(route_class=PageRoute)


@router.get(COMPLETE)
def ask_complete(member: MemberDep) -> Response:
    """Tell what the file is for and what to do with it, once a passkey was used."""
    may_export(member.wired.vault, member.acting)
    origin = member.wired.vault.logs[member.signin.space.log_id].origin
    _, _, path = origin.partition("/")
    view = CompletenessView(
        action=COMPLETE, address=f"{member.wired.issuer}/{path}", origin=origin
    )
    return page("space/complete.html", frame=member.frame("accesses"), view=view)


@router.post(COMPLETE)
def take_complete(member: MemberDep, sent: MembersFormDep) -> Response:
    """Hand out the file; that is an entry."""
    sent.only()
    found = export_own_key(member.wired.vault, member.acting)
    headers = DOWNLOAD | {"Content-Disposition": attachment(NAME)}
    return StreamingResponse(holder_file(found), media_type=JSON, headers=headers)
