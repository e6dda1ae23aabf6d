"""A holder's passkeys: the list, one more, one less.

The ceremony needs the one script that the portal has; the list and the removal work without.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.door import (
    Member,
    MemberDep,
    MembersFormDep,
    local,
    named,
    onward_to,
    to,
)
from api.portal.errors import CONFIRM
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import Badge, MakePasskeyView, PasskeyLine, PasskeysView, Tone
from api.portal.words import mark
from vault.clients.levels import AAL2, AAL3
from vault.clock import MS
from vault.errors import InvalidInputError, NotFoundError
from vault.passkeys import MOST, PasskeyId
from vault.passkeys.ceremony import RelyingParty
from vault.services.own_passkeys import (
    AddPasskey,
    OwnPasskey,
    add_passkey,
    check_sign_in,
    own_passkeys,
    remove_passkey,
    start_adding,
)

PASSKEYS: Final = "/space/passkeys"
ADD: Final = f"{PASSKEYS}/add"
ATTESTED: Final = "attested"
MENDABLE: Final = 422
NEW_MS: Final = 24 * 3600 * MS
"""For so long a passkey is marked as new: whoever did not add it sees it at once."""

_SAID: Final = {
    "added": mark("通行密钥已登记。下次可以用它登录。"),
    "removed": mark("通行密钥已删除，不能再用来登录。您在别处的登录也都已结束。"),
}

router: Final = APIRouter(route_class=PageRoute)

Onward = Annotated[str, Query(max_length=200)]


@router.get(PASSKEYS)
def passkeys(member: MemberDep, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """List the passkeys."""
    party, language = member.wired.passkeys, member.language
    found = own_passkeys(member.wired.vault, member.acting)
    now_ms = member.wired.vault.clock.now_ms()
    view = PasskeysView(
        lines=tuple(line_of(one, language=language, now_ms=now_ms) for one in found),
        add_href=ADD if party is not None and len(found) < MOST else "",
        attested_href=f"{ADD}?kind={ATTESTED}" if party is not None and party.roots else "",
        possible=party is not None,
        said=language.say(_SAID[done]) if done in _SAID else "",
    )
    return page("space/passkeys.html", frame=member.frame("passkeys"), view=view)


@router.get(ADD)
def ask_add(
    member: MemberDep, kind: Annotated[str, Query(max_length=20)] = "", onward: Onward = PASSKEYS
) -> Response:
    """Let the browser make a passkey."""
    return _making(member, attested=kind == ATTESTED, onward=local(onward))


@router.post(ADD)
def add(member: MemberDep, sent: MembersFormDep) -> Response:
    """Register what the browser made."""
    sent.only("answer", "name", "kind", "onward")
    attested, onward = sent.one("kind") == ATTESTED, local(sent.one("onward"))
    asked = AddPasskey(
        member=member.acting,
        answer=sent.one("answer"),
        name=sent.one("name"),
        attested=attested,
    )
    try:
        add_passkey(member.wired.vault, party_of(member), asked)
    except InvalidInputError as error:
        trouble = _mending(error, member.language, attested=attested)
        name = sent.one("name")
        return _making(member, attested=attested, onward=onward, trouble=trouble, name=name)
    return to(f"{PASSKEYS}?done=added" if onward == PASSKEYS else onward_to(CONFIRM, onward))


@router.get(PASSKEYS + "/{passkey}/remove")
def ask_remove(passkey: str, member: MemberDep) -> Response:
    """Ask once before a passkey goes, and first for the sign-in that it takes."""
    vault = member.wired.vault
    mine = {one.passkey.passkey_id: one for one in own_passkeys(vault, member.acting)}
    found = mine.get(PasskeyId(named(passkey)))
    if found is None:
        raise NotFoundError("no such passkey")
    check_sign_in(vault, member.acting, acr=AAL2)
    view = line_of(found, language=member.language, now_ms=vault.clock.now_ms())
    return page("space/passkey_remove.html", frame=member.frame("passkeys"), view=view)


@router.post(PASSKEYS + "/{passkey}/remove")
def remove(passkey: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Remove a passkey."""
    sent.only()
    remove_passkey(member.wired.vault, member.acting, PasskeyId(named(passkey)))
    return to(f"{PASSKEYS}?done=removed")


def party_of(member: Member) -> RelyingParty:
    """Return who asks for passkeys here.

    Raises:
        NotFoundError: Nobody can, at this address.
    """
    if member.wired.passkeys is None:
        raise NotFoundError("no passkeys are made for this address")
    return member.wired.passkeys


def line_of(own: OwnPasskey, *, language: Language, now_ms: int) -> PasskeyLine:
    """Return a passkey as a line of the list."""
    passkey, use = own.passkey, own.use
    used = None if use is None or use.last_used_at is None else use.last_used_at * MS
    badges = []
    if now_ms - passkey.created_at_ms < NEW_MS:
        badges.append(Badge(text=language.say("新登记"), tone=Tone.CARE))
    if passkey.acr == AAL3:
        badges.append(Badge(text=language.say("安全密钥"), tone=Tone.GOOD))
    return PasskeyLine(
        name=own.name,
        badges=tuple(badges),
        kept=language.say("只在一台设备里")
        if passkey.device_bound
        else language.say("由您的账号在多台设备间同步"),
        made=language.at(passkey.created_at_ms),
        used=None if used is None else language.at(used),
        href=f"{PASSKEYS}/{passkey.passkey_id.hex()}/remove",
    )


def _making(
    member: Member, *, attested: bool, onward: str, trouble: str = "", name: str = ""
) -> Response:
    party = party_of(member)
    if attested and not party.roots:
        raise NotFoundError("no makers are trusted here")
    options = start_adding(
        member.wired.vault, party, member.acting, source=member.visit.source, attested=attested
    )
    view = MakePasskeyView(
        action=ADD,
        options=options,
        kind=ATTESTED if attested else "",
        onward=onward,
        name=name,
        trouble=trouble,
    )
    frame = member.frame("passkeys")
    status = MENDABLE if trouble else 200
    return page("space/passkey_add.html", frame=frame, view=view, status=status, scripts=True)


def _mending(error: InvalidInputError, language: Language, *, attested: bool) -> str:
    if error.field == "name":
        return language.say("请给它起个名字，最多 40 个字。")
    if attested:
        return language.say("没有登记成功。这里只接受几种不能复制的安全密钥，请换一个再试。")
    return language.say("没有登记成功，什么都没有改动。请再试一次。")
