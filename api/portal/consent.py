"""The consent screen: a department's request is shown, previewed, given in part, or declined."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Response

from api.consent_page import ConsentPage, EvidenceShown
from api.deps import BROWSER_COOKIE
from api.portal.asked import (
    GIVE,
    NONE,
    SEPARATELY,
    WITHOUT,
    Answer,
    Looked,
    answers_of,
    choice_of,
    granted_fields,
    missing,
    request_view,
)
from api.portal.door import Member, MemberDep, MembersFormDep, named, onward_to, to
from api.portal.errors import CONFIRM
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.values import facts_of
from api.portal.views import Fact, Preview
from api.portal.words import reason_words, seen_word, status_badge
from policies.catalogue import catalogue
from policies.scopes import View
from vault.clients.levels import needed_for, rank
from vault.errors import AccessDeniedError, InvalidInputError
from vault.services.read_own import read_own_record
from vault.showing import shown

PATH: Final = "/space/consent/{interaction}"
MENDABLE: Final = 422
HASH_DIGITS: Final = 64

router: Final = APIRouter(route_class=PageRoute)


@router.get(PATH)
def ask(interaction: str, member: MemberDep) -> Response:
    """Show who asks for what, and why; nothing is ticked for the holder."""
    asked = _opened(member, interaction)
    return request_page(member, asked, Looked())


@router.post(PATH)
def decide(interaction: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Give, decline, or show first what would leave."""
    sent.only("shown", "locale", "act", starting=(GIVE, WITHOUT, SEPARATELY))
    asked = _opened(member, interaction)
    looked = Looked(answers=answers_of(asked, sent))
    act = sent.one("act")
    if act == "preview":
        return request_page(member, asked, looked.with_previews(previews(member, asked, looked)))
    choice = None
    if act == "give" and too_weak(member, asked, looked.answers):
        return to(onward_to(CONFIRM, member.visit.path))
    if act == "give":
        troubles = missing(asked, looked.answers, member.language)
        if troubles:
            return request_page(member, asked, looked.with_troubles(troubles), status=MENDABLE)
        choice = choice_of(asked, looked.answers)
    elif act != "refuse":
        raise InvalidInputError("there is no such decision", field="act")
    way = member.wired.desk.decide(
        asked.interaction_id,
        signin=member.signin,
        browser=member.visit.cookie(BROWSER_COOKIE),
        choice=choice,
        locale=sent.one("locale"),
        shown_hash=shown_hash(sent.one("shown")),
    )
    return way.response()


def shown_hash(text: str) -> bytes:
    """Return the hash of what was shown, as the form says it.

    Raises:
        InvalidInputError: It says none.
    """
    if len(text) != HASH_DIGITS or set(text) - set("0123456789abcdef"):
        raise InvalidInputError("the page does not say what was shown", field="shown")
    return bytes.fromhex(text)


def request_page(
    member: Member, asked: ConsentPage, looked: Looked, *, status: int = 200
) -> Response:
    """Return the page of a request, wherever it began."""
    view = request_view(
        asked,
        looked,
        action=member.visit.path,
        language=member.language,
        now_ms=member.wired.vault.clock.now_ms(),
        confirm_href=_confirm_href(member, asked),
    )
    return page(
        "space/consent.html",
        frame=member.frame(tabs=False),
        view=view,
        status=status,
        redirect_origin=asked.redirect_origin,
    )


def too_weak(member: Member, asked: ConsentPage, answers: Mapping[str, Answer]) -> bool:
    """Say whether something would be given that takes a passkey."""
    given = (one.level for one in asked.evidence if answers[one.code].give not in {"", NONE})
    needed = needed_for(max(given, default=0))
    return rank(member.signin.auth.acr) < rank(needed)


def previews(member: Member, asked: ConsentPage, looked: Looked) -> dict[str, Preview]:
    """Return what would leave, as it was ticked."""
    return {one.code: _preview(member, one, looked.answers[one.code]) for one in asked.evidence}


def _opened(member: Member, interaction: str) -> ConsentPage:
    return member.wired.desk.open(
        named(interaction),
        signin=member.signin,
        browser=member.visit.cookie(BROWSER_COOKIE),
    )


def _confirm_href(member: Member, asked: ConsentPage) -> str:
    """Return where to confirm first; empty where nothing that is asked for needs it."""
    needed = needed_for(max(one.level for one in asked.evidence))
    if rank(member.signin.auth.acr) >= rank(needed):
        return ""
    return onward_to(CONFIRM, member.visit.path)


def _preview(member: Member, one: EvidenceShown, answer: Answer) -> Preview:
    """Return what would leave as it was ticked; where nothing was, as it was asked for."""
    language = member.language
    if answer.give == NONE:
        return _told(language.say("什么都不会发出"), language.say("您选了不给这一项。"))
    view = View.of(answer.give) if answer.give else one.views[-1]
    label = language.say("会发出的内容（%(view)s）", view=seen_word(view, language))
    if one.record_id is None:
        return _told(label, language.say("部门只会得知：您没有这份材料。"))
    if view is View.VERIFY:
        return Preview(label=label, facts=_verified(one, language), told="")
    try:
        opened = read_own_record(member.wired.vault, member.acting, one.record_id)
    except AccessDeniedError as error:
        return _told(label, reason_words(error.reasons, language))
    seen = shown(
        catalogue()[one.code],
        opened.payload.fields,
        view=view,
        granted=granted_fields(one, answer, view),
    )
    facts = facts_of(one.code, seen, language=language, hide=False)
    return Preview(label=label, facts=facts, told="")


def _told(label: str, told: str) -> Preview:
    return Preview(label=label, facts=(), told=told)


def _verified(one: EvidenceShown, language: Language) -> tuple[Fact, ...]:
    """Return what a verification answers (architecture.md 9.12)."""
    updated = "" if one.updated_at_ms is None else language.at(one.updated_at_ms).text
    return (
        Fact(label=language.say("有没有"), value=language.say("有")),
        Fact(label=language.say("状态"), value=status_badge(one.status, language).text),
        Fact(label=language.say("提供部门"), value=language.of(one.issuer)),
        Fact(label=language.say("最近更新"), value=updated),
    )
