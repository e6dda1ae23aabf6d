"""Signing out because a department asks for it: the person decides, then goes on."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.consent_page import origin_of
from api.deps import SIGNIN_COOKIE
from api.leaving import PAGE, Leaving, opened
from api.portal.door import (
    FORM_COOKIE,
    HOME,
    Member,
    MemberDep,
    MembersFormDep,
    Visit,
    VisitDep,
    drop_cookie,
    set_cookie,
    to,
)
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import LeaveView
from vault.services.sign_in import FORM, live_sign_in
from vault.services.sign_out import sign_out

LEFT: Final = "/space/left"

router: Final = APIRouter(route_class=PageRoute)

Ticket = Annotated[str, Query(max_length=8192)]


@router.get(PAGE)
def ask(visit: VisitDep, ticket: Ticket = "") -> Response:
    """Ask whoever is signed in; others have nothing to decide and go on."""
    vault = visit.wired.vault
    leaving = opened(vault, ticket)
    signin = live_sign_in(vault, visit.cookie(SIGNIN_COOKIE))
    if signin is None:
        return to(leaving.onward if leaving is not None and leaving.onward else LEFT)
    view = LeaveView(
        department=_department(visit, leaving),
        action=PAGE,
        ticket="" if leaving is None else ticket,
        stay=HOME,
    )
    onward = "" if leaving is None else leaving.onward
    return page(
        "space/leave.html",
        frame=Member(visit=visit, signin=signin).frame(tabs=False),
        view=view,
        redirect_origin=origin_of(onward) if onward else "",
    )


@router.post(PAGE)
def leave(member: MemberDep, sent: MembersFormDep) -> Response:
    """End the sign-in, and go on to where the department asked for."""
    sent.only("ticket")
    leaving = opened(member.wired.vault, sent.one("ticket"))
    return ended(member, onward="" if leaving is None else leaving.onward)


@router.get(LEFT)
def left(visit: VisitDep) -> Response:
    """Tell that nobody is signed in."""
    return page("space/left.html", frame=visit.frame(), view=None)


def ended(member: Member, *, onward: str) -> Response:
    """End a sign-in; what the browser kept of its pages goes too."""
    wired = member.wired
    sign_out(wired.vault, member.signin)
    response = to(onward or LEFT)
    drop_cookie(response, wired=wired, name=SIGNIN_COOKIE)
    set_cookie(response, wired=wired, name=FORM_COOKIE, value=wired.vault.secrets.mint(FORM))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _department(visit: Visit, leaving: Leaving | None) -> str:
    """Return the name of the department that asks, as it is registered, or an empty text."""
    if leaving is None:
        return ""
    with visit.wired.vault.read() as tx:
        client = tx.clients.get(leaving.client_id)
        department = None if client is None else tx.departments.get(client.department_id)
    if department is None:
        return ""
    return department.name_zh if visit.language.code == "zh-CN" else department.name_en
