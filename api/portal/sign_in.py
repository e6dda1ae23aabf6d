"""Signing in: a number, then the code that came to the contact on record; and signing out.

Nothing on the way tells whether a number has a space. Each sign-in begins with a new secret,
whatever the browser brought along; the one before it ends.
"""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.deps import SIGNIN_COOKIE
from api.portal.door import (
    FORM_COOKIE,
    HOME,
    SIGN_IN,
    FormDep,
    MemberDep,
    MembersFormDep,
    Visit,
    VisitDep,
    drop_cookie,
    local,
    onward_to,
    set_cookie,
    to,
)
from api.portal.leaving import ended
from api.portal.numbers import OTHER, advice, kinds, other_kinds
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import CodeView, SignInView
from vault.clock import legal_day
from vault.errors import InvalidInputError
from vault.identifiers import Identifier, IdentifierKind, normalise_ui
from vault.numbers import number_of
from vault.services.known_browsers import MARK_SECONDS
from vault.services.sign_in import (
    CODE_SECONDS,
    finish_sign_in,
    live_sign_in,
    start_sign_in,
)
from vault.services.sign_out import give_way

ATTEMPT_COOKIE: Final = "vault-attempt"
"""An attempt to sign in that waits for its code."""

KNOWN_COOKIE: Final = "vault-known"
"""Says to which accounts this browser has signed in before; opens nothing, and stays."""

CODE: Final = f"{SIGN_IN}/code"
BY_PASSKEY: Final = f"{SIGN_IN}/passkey"
MAX_NUMBER_CHARACTERS: Final = 64
MENDABLE: Final = 422

router: Final = APIRouter(route_class=PageRoute)

Onward = Annotated[str, Query(max_length=200)]


@router.get(SIGN_IN)
def ask_number(visit: VisitDep, onward: Onward = HOME) -> Response:
    """Ask for a number."""
    view = _number_view(visit, kind=IdentifierKind.RESIDENT_ID, onward=local(onward))
    return page("space/sign_in.html", frame=visit.frame(), view=view)


@router.post(SIGN_IN)
def take_number(visit: VisitDep, sent: FormDep) -> Response:
    """Send a code to the holder of the number, if there is one."""
    sent.only("kind", "other_kind", "number", "onward")
    onward = local(sent.one("onward"))
    kind = sent.one("kind")
    kind = sent.one("other_kind") if kind == OTHER else kind
    typed = sent.one("number")[:MAX_NUMBER_CHARACTERS]
    try:
        number = _number(visit, kind, typed)
    except InvalidInputError as error:
        trouble = advice(error, kind=kind, typed=normalise_ui(typed), language=visit.language)
        view = _number_view(visit, kind=kind, onward=onward, number=typed, trouble=trouble)
        return page("space/sign_in.html", frame=visit.frame(), view=view, status=MENDABLE)
    known = visit.cookie(KNOWN_COOKIE)
    attempt = start_sign_in(visit.wired.vault, number, source=visit.source, known=known)
    response = to(onward_to(CODE, onward))
    set_cookie(
        response, wired=visit.wired, name=ATTEMPT_COOKIE, value=attempt, max_age=CODE_SECONDS
    )
    return response


@router.get(CODE)
def ask_code(visit: VisitDep, onward: Onward = HOME) -> Response:
    """Ask for the code; without an attempt there is nothing to ask."""
    if not visit.cookie(ATTEMPT_COOKIE):
        return to(SIGN_IN)
    view = _code_view(visit, onward=local(onward))
    return page("space/code.html", frame=visit.frame(), view=view)


@router.post(CODE)
def take_code(visit: VisitDep, sent: FormDep) -> Response:
    """Sign in."""
    sent.only("code", "onward")
    vault, wired = visit.wired.vault, visit.wired
    onward = local(sent.one("onward"))
    try:
        begun = finish_sign_in(
            vault,
            visit.cookie(ATTEMPT_COOKIE),
            code=normalise_ui(sent.one("code")),
            source=visit.source,
            known=visit.cookie(KNOWN_COOKIE),
        )
    except InvalidInputError:
        trouble = visit.language.say("验证码不对，或者已经过期。")
        view = _code_view(visit, onward=onward, trouble=trouble)
        return page("space/code.html", frame=visit.frame(), view=view, status=MENDABLE)
    before = live_sign_in(vault, visit.cookie(SIGNIN_COOKIE))
    if before is not None:
        give_way(vault, before, to=begun.signin)
    response = to(onward)
    set_cookie(response, wired=wired, name=SIGNIN_COOKIE, value=begun.cookie)
    set_cookie(response, wired=wired, name=FORM_COOKIE, value=begun.form_token)
    set_cookie(response, wired=wired, name=KNOWN_COOKIE, value=begun.known, max_age=MARK_SECONDS)
    drop_cookie(response, wired=wired, name=ATTEMPT_COOKIE)
    return response


@router.post("/space/sign-out")
def leave(member: MemberDep, sent: MembersFormDep) -> Response:
    """End the sign-in; what the browser kept of its pages goes too."""
    sent.only()
    return ended(member, onward=SIGN_IN)


def _number(visit: Visit, kind: str, typed: str) -> Identifier:
    today = legal_day(visit.wired.vault.clock.now_ms())
    return number_of(kind, normalise_ui(typed), today=today)


def _code_view(visit: Visit, *, onward: str, trouble: str = "") -> CodeView:
    return CodeView(
        onward=onward,
        trouble=trouble,
        passkey_href=_passkey_href(visit, onward=onward, number="typed"),
    )


def _passkey_href(visit: Visit, *, onward: str, number: str = "") -> str:
    """Return the way with a passkey; the same for everybody, and none where nobody has any."""
    if visit.wired.passkeys is None:
        return ""
    asked = {"number": number} if number else {}
    asked |= {"onward": onward} if onward != HOME else {}
    return f"{BY_PASSKEY}?{urlencode(asked)}" if asked else BY_PASSKEY


def _number_view(
    visit: Visit, *, kind: str, onward: str, number: str = "", trouble: str = ""
) -> SignInView:
    language = visit.language
    return SignInView(
        kinds=kinds(kind, language),
        other_kinds=other_kinds(kind, language),
        number=number,
        onward=onward,
        trouble=trouble,
        reason=_reason(visit, onward),
        passkey_href=_passkey_href(visit, onward=onward),
    )


def _reason(visit: Visit, onward: str) -> str:
    """Say why a sign-in is asked for, where the holder did not come for it."""
    if onward == HOME:
        return ""
    if visit.cookie(SIGNIN_COOKIE):
        return visit.language.say("为了确认是您本人，这一步需要重新登录。登录后会回到刚才那一页。")
    if onward.startswith("/space/device"):
        return visit.language.say("自助机需要您授权。登录之后才能看到它要什么、为什么。")
    if onward.startswith("/space/consent/"):
        return visit.language.say("有部门请您授权。登录之后才能看到是谁、要什么、为什么。")
    return visit.language.say("登录后会回到刚才那一页。")
