"""Signing in with a passkey, and confirming with one what a code is not enough for.

Whoever comes to sign in is asked for any passkey: nothing tells who has one. Whoever is signed
in confirms with one of their own, and goes on where they were.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.deps import SIGNIN_COOKIE
from api.portal.door import (
    FORM_COOKIE,
    HOME,
    SIGN_IN,
    FormDep,
    Member,
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
from api.portal.errors import CONFIRM
from api.portal.pages import page
from api.portal.passkeys import ADD, party_of
from api.portal.route import PageRoute
from api.portal.sign_in import ATTEMPT_COOKIE, BY_PASSKEY, KNOWN_COOKIE
from api.portal.views import UsePasskeyView
from vault.errors import InvalidInputError, NotFoundError
from vault.passkeys.ceremony import RelyingParty
from vault.services.passkey_sign_in import (
    finish_confirming,
    finish_passkey_sign_in,
    start_confirming,
    start_passkey_sign_in,
)
from vault.services.sign_in import SignedIn, live_sign_in
from vault.services.sign_out import give_way

TYPED: Final = "typed"
MENDABLE: Final = 422

router: Final = APIRouter(route_class=PageRoute)

Onward = Annotated[str, Query(max_length=200)]


@router.get(BY_PASSKEY)
def ask_passkey(
    visit: VisitDep, onward: Onward = HOME, number: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Ask for a passkey, whoever it is."""
    return _asking(visit, onward=local(onward), number=number)


@router.post(BY_PASSKEY)
def take_passkey(visit: VisitDep, sent: FormDep) -> Response:
    """Sign in."""
    sent.only("answer", "onward", "number")
    onward, number = local(sent.one("onward")), sent.one("number")
    vault = visit.wired.vault
    try:
        begun = finish_passkey_sign_in(
            vault,
            _party(visit),
            sent.one("answer"),
            form_token=visit.token,
            attempt=visit.cookie(ATTEMPT_COOKIE) if number == TYPED else "",
            known=visit.cookie(KNOWN_COOKIE),
        )
    except InvalidInputError:
        trouble = visit.language.say("没有登录成功。请再试一次，或者改用验证码登录。")
        return _asking(visit, onward=onward, number=number, trouble=trouble)
    before = live_sign_in(vault, visit.cookie(SIGNIN_COOKIE))
    if before is not None:
        give_way(vault, before, to=begun.signin)
    return _gone_on(visit, begun, onward=onward)


@router.get(CONFIRM)
def ask_confirm(member: MemberDep, onward: Onward = HOME) -> Response:
    """Ask for a passkey of the member's own; where there is none, say how to get one."""
    return _confirming(member, onward=local(onward))


@router.post(CONFIRM)
def confirm(member: MemberDep, sent: MembersFormDep) -> Response:
    """Go on with a stronger sign-in, where the member was."""
    sent.only("answer", "onward")
    onward = local(sent.one("onward"))
    visit = member.visit
    try:
        begun = finish_confirming(
            member.wired.vault,
            party_of(member),
            member.signin,
            sent.one("answer"),
            known=visit.cookie(KNOWN_COOKIE),
        )
    except InvalidInputError:
        trouble = member.language.say("没有确认成功，什么都没有改动。请再试一次。")
        return _confirming(member, onward=onward, trouble=trouble)
    return _gone_on(visit, begun, onward=onward)


def _asking(visit: Visit, *, onward: str, number: str, trouble: str = "") -> Response:
    typed = number == TYPED and bool(visit.cookie(ATTEMPT_COOKIE))
    options = start_passkey_sign_in(
        visit.wired.vault, _party(visit), form_token=visit.token, source=visit.source
    )
    view = UsePasskeyView(
        action=BY_PASSKEY,
        options=options,
        onward=onward,
        number=TYPED if typed else "",
        back=onward_to(f"{SIGN_IN}/code" if typed else SIGN_IN, onward),
        trouble=trouble,
    )
    status = MENDABLE if trouble else 200
    return page(
        "space/passkey_sign_in.html", frame=visit.frame(), view=view, status=status, scripts=True
    )


def _confirming(member: Member, *, onward: str, trouble: str = "") -> Response:
    party = member.wired.passkeys
    options = ""
    if party is not None:
        options = start_confirming(
            member.wired.vault, party, member.signin, source=member.visit.source
        )
    view = UsePasskeyView(
        action=CONFIRM,
        options=options,
        onward=onward,
        number="",
        back=HOME,
        trouble=trouble,
        add_href="" if party is None else onward_to(ADD, onward),
    )
    status = MENDABLE if trouble else 200
    frame = member.frame(tabs=False)
    return page("space/confirm.html", frame=frame, view=view, status=status, scripts=bool(options))


def _gone_on(visit: Visit, begun: SignedIn, *, onward: str) -> Response:
    wired, response = visit.wired, to(onward)
    set_cookie(response, wired=wired, name=SIGNIN_COOKIE, value=begun.cookie)
    set_cookie(response, wired=wired, name=FORM_COOKIE, value=begun.form_token)
    drop_cookie(response, wired=wired, name=ATTEMPT_COOKIE)
    return response


def _party(visit: Visit) -> RelyingParty:
    if visit.wired.passkeys is None:
        raise NotFoundError("no passkeys are made for this address")
    return visit.wired.passkeys
