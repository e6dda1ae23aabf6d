"""Who acts for whom: giving, narrowing and ending mandates, and acting in another's space."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.door import HOME, Form, Member, MemberDep, MembersFormDep, named, to
from api.portal.mandate_words import (
    DAY,
    DAYS,
    act_ticks,
    card_of,
    day_choices,
    evidence_ticks,
    item_ticks,
    left_of,
    offered_evidence,
    offered_items,
    powers_of,
    view_choices,
)
from api.portal.numbers import OTHER, advice, kinds, other_kinds
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import (
    EndMandateView,
    GiveMandateView,
    MandateCard,
    MandatesView,
    NarrowMandateView,
)
from api.portal.words import mark
from policies.scopes import View
from vault.clock import MS, legal_day
from vault.errors import ConflictError, InvalidInputError, NotFoundError
from vault.identifiers import IdentifierKind, normalise_ui
from vault.ids import MandateId
from vault.mandates import Act, Powers
from vault.numbers import number_of
from vault.services.acting import strong
from vault.services.end_mandate import ChangeMandate, end_mandate, narrow_mandate
from vault.services.give_mandate import GiveMandate, give_mandate
from vault.services.own_mandates import (
    Given,
    Received,
    open_by_mandate,
    open_own,
    own_mandate,
    own_mandates,
)
from vault.services.own_space import holder_of

MANDATES: Final = "/space/mandates"
GIVE: Final = f"{MANDATES}/give"
ACTING: Final = "/space/acting"
MENDABLE: Final = 422
MAX_NUMBER_CHARACTERS: Final = 64

_SAID: Final[Mapping[str, str]] = {
    "given": mark("委托已经给出。对方开通了我的空间就能使用；为保护隐私，这里不显示是否开通。"),
    "narrowed": mark("委托已缩小，从现在起生效。"),
    "ended": mark("委托已结束。从现在起，对方不能再凭它办事，转给别人的也一并失效。"),
}

router: Final = APIRouter(route_class=PageRoute)


@router.get(MANDATES)
def mandates(member: MemberDep, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """List whom the member may act for, and who may act for the member."""
    found = own_mandates(member.wired.vault, member.acting)
    received = [(one.powers is not None, _received(member, one)) for one in found.received]
    given = [(one.alive, _given(member, one)) for one in found.given]
    view = MandatesView(
        received=tuple(card for alive, card in received if alive),
        given=tuple(card for alive, card in given if alive),
        ended=tuple(card for alive, card in [*received, *given] if not alive),
        may_give=_offered(member) is not None,
        said=member.language.say(_SAID[done]) if done in _SAID else "",
    )
    return page("space/mandates.html", frame=member.frame("mandates"), view=view)


@router.get(GIVE)
def ask_mandate(member: MemberDep) -> Response:
    """Ask whom, for what, until when."""
    return _give_page(member, _may_give(member), Form(values={}))


@router.post(GIVE)
def give(member: MemberDep, sent: MembersFormDep) -> Response:
    """Give a mandate."""
    sent.only(
        *("kind", "other_kind", "number", "act", "evidence", "item"),
        *("view", "days", "passes_on"),
    )
    vault, language = member.wired.vault, member.language
    offered = _may_give(member)
    kind = sent.one("kind")
    kind = sent.one("other_kind") if kind == OTHER else kind
    typed = normalise_ui(sent.one("number")[:MAX_NUMBER_CHARACTERS])
    now_ms = vault.clock.now_ms()
    try:
        number = number_of(kind, typed, today=legal_day(now_ms))
    except InvalidInputError as error:
        trouble = advice(error, kind=kind, typed=typed, language=language)
        return _give_page(member, offered, sent, trouble=trouble)
    try:
        powers = powers_of(sent, offered=offered, now=now_ms // MS)
        give_mandate(vault, GiveMandate(member=member.acting, number=number, powers=powers))
    except InvalidInputError as error:
        if error.field == "receiver":
            trouble = language.say("这是您自己的号码，或者就是委托人的号码。请填受托人的号码。")
        else:
            trouble = language.say("还没选全：请勾选可以做什么、哪些材料、办哪些事，并选好期限。")
        return _give_page(member, offered, sent, trouble=trouble)
    return to(f"{MANDATES}?done=given")


@router.get(MANDATES + "/{mandate}/end")
def ask_end(mandate: str, member: MemberDep) -> Response:
    """Ask once before a mandate ends."""
    found = _alive(member, mandate)
    gives_back = found.mandate.receiver == member.acting.person
    card = _card(member, mandate)
    view = EndMandateView(card=card, gives_back=gives_back, action=f"{MANDATES}/{mandate}/end")
    return page("space/mandate_end.html", frame=member.frame("mandates"), view=view)


@router.post(MANDATES + "/{mandate}/end")
def end(mandate: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """End a mandate."""
    sent.only()
    asked = ChangeMandate(member=member.acting, mandate_id=MandateId(named(mandate)))
    end_mandate(member.wired.vault, asked)
    return to(f"{MANDATES}?done=ended")


@router.get(MANDATES + "/{mandate}/narrow")
def ask_narrow(mandate: str, member: MemberDep) -> Response:
    """Show what a mandate covers, to be made less."""
    return _narrow_page(member, _alive(member, mandate))


@router.post(MANDATES + "/{mandate}/narrow")
def narrow(mandate: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Take a part of a mandate back."""
    sent.only("act", "evidence", "item")
    found = _alive(member, mandate)
    asked = ChangeMandate(member=member.acting, mandate_id=found.mandate.mandate_id)
    try:
        left = left_of(found.mandate.powers, sent)
        narrow_mandate(member.wired.vault, asked, powers=left)
    except InvalidInputError:
        trouble = member.language.say("请去掉不想再给的，但至少各留一项。全都不给，就结束委托。")
        return _narrow_page(member, found, trouble=trouble)
    return to(f"{MANDATES}?done=narrowed")


@router.post(ACTING + "/own")
def go_home(member: MemberDep, sent: MembersFormDep) -> Response:
    """Open the own space again."""
    sent.only()
    open_own(member.wired.vault, member.signin)
    return to(MANDATES)


@router.post(ACTING + "/{mandate}")
def act_for(mandate: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Open the space that a mandate opens."""
    sent.only()
    open_by_mandate(member.wired.vault, member.signin, MandateId(named(mandate)))
    return to(HOME)


def _offered(member: Member) -> Powers | None:
    """Return what the member can let somebody else do; ``None`` where that is nothing."""
    vault, now = member.wired.vault, member.wired.vault.clock.now_ms() // MS
    if member.signin.mandate_id is not None:
        [own] = own_mandates(vault, member.acting).received
        may = own.powers is not None and own.powers.passes_on
        return replace(own.powers, passes_on=False) if own.powers is not None and may else None
    kind = holder_of(vault, member.acting).kind
    return Powers(
        acts=frozenset(Act),
        evidence=offered_evidence(kind),
        items=frozenset(offered_items(kind)),
        starts_at=now,
        ends_at=now + DAYS[-1] * DAY,
        passes_on=True,
    )


def _may_give(member: Member) -> Powers:
    offered = _offered(member)
    if offered is None:
        raise NotFoundError("this mandate cannot be passed on")
    return offered


def _alive(member: Member, mandate: str) -> Given:
    """Return a mandate that the member may narrow or end; a page of one that ended is stale."""
    found = own_mandate(member.wired.vault, member.acting, MandateId(named(mandate)))
    if not found.alive:
        raise ConflictError("this mandate has ended already")
    return found


def _card(member: Member, mandate: str) -> MandateCard:
    found = own_mandates(member.wired.vault, member.acting)
    cards = [_given(member, one) for one in found.given]
    cards += [_received(member, one) for one in found.received]
    return next(card for card in cards if card.mandate_id == mandate)


def _given(member: Member, one: Given) -> MandateCard:
    card = card_of(
        one.mandate,
        one.mandate.powers,
        who=one.receiver,
        alive=one.alive,
        now=member.wired.vault.clock.now_ms() // MS,
        language=member.language,
        passed_on=not one.own,
    )
    href = f"{MANDATES}/{card.mandate_id}"
    return replace(card, narrow_href=f"{href}/narrow", end_href=f"{href}/end")


def _received(member: Member, one: Received) -> MandateCard:
    card = card_of(
        one.mandate,
        one.powers or one.mandate.powers,
        who=one.holder or member.language.say("对方"),
        alive=one.powers is not None,
        now=member.wired.vault.clock.now_ms() // MS,
        language=member.language,
    )
    if member.signin.mandate_id is not None:
        return card
    return replace(
        card,
        act_href=f"{ACTING}/{card.mandate_id}",
        end_href=f"{MANDATES}/{card.mandate_id}/end",
    )


def _give_page(member: Member, offered: Powers, sent: Form, *, trouble: str = "") -> Response:
    language = member.language
    kind = sent.one("kind") or IdentifierKind.RESIDENT_ID
    kind = sent.one("other_kind") if kind == OTHER else kind
    now = member.wired.vault.clock.now_ms() // MS
    view = GiveMandateView(
        kinds=kinds(kind, language),
        other_kinds=other_kinds(kind, language),
        number=sent.one("number"),
        acts=act_ticks(sent.many("act"), language, among=offered.acts),
        evidence=evidence_ticks(sent.many("evidence"), language, among=offered.evidence),
        views=view_choices(sent.one("view") or View.VERIFY.label, language),
        items=item_ticks(sent.many("item"), language, among=sorted(offered.items)),
        days=day_choices(sent.one("days") or str(DAYS[0]), language),
        passes_on=offered.passes_on,
        weak=not strong(member.signin, now=now),
        trouble=trouble,
        action=GIVE,
    )
    status = MENDABLE if trouble else 200
    return page("space/mandate_give.html", frame=member.frame(), view=view, status=status)


def _narrow_page(member: Member, found: Given, *, trouble: str = "") -> Response:
    language, powers = member.language, found.mandate.powers
    acts = [act.value for act in powers.acts]
    view = NarrowMandateView(
        card=_given(member, found),
        questions=(
            act_ticks(acts, language, among=powers.acts),
            evidence_ticks(powers.evidence, language, among=powers.evidence),
            *(
                [item_ticks(powers.items, language, among=sorted(powers.items))]
                if powers.items
                else []
            ),
        ),
        trouble=trouble,
        action=f"{MANDATES}/{found.mandate.mandate_id.hex()}/narrow",
    )
    status = MENDABLE if trouble else 200
    return page("space/mandate_narrow.html", frame=member.frame(), view=view, status=status)
