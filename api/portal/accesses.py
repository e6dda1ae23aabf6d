"""Who looked: every entry of the holder's journal, and the receipt of each."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.door import MemberDep, MembersFormDep, named, to
from api.portal.ledger import access_view, line_of
from api.portal.pages import page
from api.portal.records import DOWNLOAD, attachment
from api.portal.route import PageRoute
from api.portal.views import AccessesView
from vault.demands import DemandKind
from vault.errors import InvalidInputError
from vault.ids import EntryId
from vault.services.list_accesses import archive, list_accesses, prove_access, read_access
from vault.services.make_demand import MakeDemand, make_demand
from vault.services.own_space import NOTICES, notices_read

ACCESSES: Final = "/space/accesses"
GREATEST: Final = 2**53
ZIP: Final = "application/zip"

router: Final = APIRouter(route_class=PageRoute)

Before = Annotated[int | None, Query(ge=0, le=GREATEST)]


@router.get(ACCESSES)
def accesses(member: MemberDep, before: Before = None) -> Response:
    """List who looked, refusals included; whoever has seen the newest page has seen the news."""
    vault, language = member.wired.vault, member.language
    with vault.read() as tx:
        notices = tx.notices.of_holder(member.signin.space, limit=NOTICES)
    unread = {one.entry_id for one in notices if one.read_at_ms is None}
    if unread and before is None:
        notices_read(vault, member.acting)  # First, so that what comes meanwhile stays news.
    found = list_accesses(vault, member.acting, before=before)
    view = AccessesView(
        lines=tuple(
            line_of(one, language=language, fresh=one.entry.entry_id in unread)
            for one in found.accesses
        ),
        older="" if found.older is None else f"{ACCESSES}?before={found.older}",
        first_page=before is None,
    )
    return page("space/accesses.html", frame=member.frame("accesses"), view=view)


@router.get(ACCESSES + "/{entry}")
def access(entry: str, member: MemberDep) -> Response:
    """Show one entry, to read or to print."""
    found = read_access(member.wired.vault, member.acting, EntryId(named(entry)))
    view = access_view(found, language=member.language)
    return page("space/access.html", frame=member.frame("accesses"), view=view)


@router.post(ACCESSES + "/{entry}/demand")
def demand(entry: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Ask the department to explain or delete, or complain about it to the operator."""
    about, kind = EntryId(named(entry)), sent.only("kind", "text").one("kind")
    if kind not in set(DemandKind):
        raise InvalidInputError("this cannot be demanded", field="kind")
    asked = MakeDemand(
        member=member.acting, about=about, kind=DemandKind(kind), text=sent.one("text")
    )
    make_demand(member.wired.vault, asked)
    return to(f"{ACCESSES}/{about.hex()}")


@router.get(ACCESSES + "/{entry}/receipt")
def receipt(entry: str, member: MemberDep) -> Response:
    """Hand out receipt, opening and statement of one entry."""
    proof = prove_access(member.wired.vault, member.acting, EntryId(named(entry)))
    headers = DOWNLOAD | {
        "Content-Disposition": attachment(f"receipt-{proof.receipt.index}.zip"),
    }
    return Response(archive(proof), media_type=ZIP, headers=headers)
