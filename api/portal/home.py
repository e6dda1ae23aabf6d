"""The first page: what is new, what is there, and how to check that nobody cheated."""

from collections import Counter
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from api.deps import SIGNIN_COOKIE
from api.portal.consent_cards import works
from api.portal.door import HOME, MemberDep, VisitDep
from api.portal.ledger import line_of
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import GroupCard, HomeView
from api.portal.window import asked_line
from api.portal.words import group_word
from policies.catalogue import catalogue
from policies.scopes import GROUPS
from vault.services.list_accesses import list_accesses
from vault.services.own_mandates import OwnMandates, own_mandates
from vault.services.own_passkeys import own_passkeys
from vault.services.own_space import OwnSpace, own_space

NEWS: Final = 5
TOLD_FROM: Final = 3
"""Wrong codes that are told of: fewer are one's own typing."""

router: Final = APIRouter(route_class=PageRoute)


@router.get("/")
def enter() -> Response:
    """Lead to the portal whoever knows nothing but the name of this host."""
    return RedirectResponse(HOME, status_code=307)


@router.get(HOME)
def home(member: MemberDep) -> Response:
    """Greet the holder."""
    vault, language = member.wired.vault, member.language
    space = own_space(vault, member.acting)
    news = list_accesses(vault, member.acting, limit=NEWS)
    unread = {one.entry_id for one in space.notices if one.read_at_ms is None}
    now_ms = vault.clock.now_ms()
    counts = Counter(catalogue()[one.head.code].group for one in space.records)
    view = HomeView(
        name=space.profile.name,
        fresh=len(unread),
        wrong_codes=space.wrong_codes if space.wrong_codes >= TOLD_FROM else 0,
        news=tuple(
            line_of(one, language=language, fresh=one.entry.entry_id in unread)
            for one in news.accesses
        ),
        groups=tuple(
            GroupCard(slug=group, name=group_word(group, language), count=counts[group])
            for group in GROUPS
            if counts[group]
        ),
        active_consents=_working(space, now_ms=now_ms),
        asked=tuple(
            asked_line(one, language) for one in member.wired.window.waiting(signin=member.signin)
        ),
        passkeys=None if member.acting.is_agent else len(own_passkeys(vault, member.acting)),
        mandates=_alive(own_mandates(vault, member.acting)),
    )
    return page("space/home.html", frame=member.frame("home"), view=view)


@router.get("/space/check")
def check(visit: VisitDep) -> Response:
    """Tell how to verify a receipt; everybody may know."""
    frame = visit.frame(signed=bool(visit.cookie(SIGNIN_COOKIE)))
    return page("space/check.html", frame=frame, view=None)


def _alive(found: OwnMandates) -> int:
    received = sum(one.powers is not None for one in found.received)
    return received + sum(one.alive for one in found.given)


def _working(space: OwnSpace, *, now_ms: int) -> int:
    return sum(works(one, now_ms=now_ms) for one in space.consents)
