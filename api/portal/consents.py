"""Consents that were given: the list, and taking one back in whole or in part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.door import Form, Member, MemberDep, MembersFormDep, named, to
from api.portal.language import Language
from api.portal.ledger import TAIL, item_name, purpose_name
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import (
    Badge,
    ConsentCard,
    ConsentsView,
    FieldBox,
    GrantedItem,
    NarrowItem,
    NarrowView,
    RevokeView,
    Tone,
    When,
)
from api.portal.words import evidence_name, field_names, in_order, mark, seen_word
from vault.consents import Consent, ConsentStatus, Use
from vault.consents.details import Details, EvidenceGrant
from vault.errors import ConflictError
from vault.ids import GrantId
from vault.services.end_consent import (
    NarrowConsent,
    RevokeConsent,
    narrow_consent,
    revoke_consent,
)
from vault.services.own_space import OwnConsent, own_consent, own_consents

CONSENTS: Final = "/space/consents"
MENDABLE: Final = 422

_SAID: Final[Mapping[str, str]] = {
    "revoked": mark("授权已收回。从现在起，这个部门不能再凭它调取您的材料。"),
    "narrowed": mark("授权已缩小。从现在起，去掉的内容不能再被调取。"),
}

router: Final = APIRouter(route_class=PageRoute)


@router.get(CONSENTS)
def consents(member: MemberDep, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """List all consents: those that work first, then those that ended."""
    vault, language = member.wired.vault, member.language
    now_ms = vault.clock.now_ms()
    found = sorted(own_consents(vault, member.acting), key=lambda one: -one.consent.created_at_ms)
    view = ConsentsView(
        active=tuple(
            _card(one, now_ms=now_ms, language=language)
            for one in found
            if works(one.consent, now_ms=now_ms)
        ),
        ended=tuple(
            _card(one, now_ms=now_ms, language=language)
            for one in found
            if not works(one.consent, now_ms=now_ms)
        ),
        said=language.say(_SAID[done]) if done in _SAID else "",
    )
    return page("space/consents.html", frame=member.frame("consents"), view=view)


@router.get(CONSENTS + "/{grant}/revoke")
def ask_revoke(grant: str, member: MemberDep) -> Response:
    """Ask once before a consent ends."""
    found = _working(member, grant)
    view = RevokeView(
        card=_card(found, now_ms=member.wired.vault.clock.now_ms(), language=member.language),
        action=_href(found.consent, "revoke"),
        back=CONSENTS,
    )
    return page("space/revoke.html", frame=member.frame("consents"), view=view)


@router.post(CONSENTS + "/{grant}/revoke")
def revoke(grant: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Take a consent back."""
    sent.only()
    asked = RevokeConsent(member=member.acting, grant_id=GrantId(named(grant)))
    revoke_consent(member.wired.vault, asked)
    return to(f"{CONSENTS}?done=revoked")


@router.get(CONSENTS + "/{grant}/narrow")
def ask_narrow(grant: str, member: MemberDep) -> Response:
    """Show what a consent covers, to be made less."""
    found = _working(member, grant)
    return _narrow_page(member, found)


@router.post(CONSENTS + "/{grant}/narrow")
def narrow(grant: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Take a part of a consent back."""
    sent.only("keep", starting=("without-",))
    found = _working(member, grant)
    left = _left(found.consent.details, sent, member.language)
    if isinstance(left, str):
        return _narrow_page(member, found, trouble=left)
    asked = NarrowConsent(member=member.acting, grant_id=found.consent.grant_id, details=left)
    narrow_consent(member.wired.vault, asked)
    return to(f"{CONSENTS}?done=narrowed")


def works(consent: Consent, *, now_ms: int) -> bool:
    """Say whether a consent can still release something; expiry is judged by time."""
    return consent.status is ConsentStatus.ACTIVE and now_ms < consent.expires_at_ms


def _working(member: Member, grant: str) -> OwnConsent:
    """Return a consent of the member that can still release something.

    Raises:
        NotFoundError: There is none.
        ConflictError: It has ended.
    """
    vault = member.wired.vault
    found = own_consent(vault, member.acting, GrantId(named(grant)))
    if not works(found.consent, now_ms=vault.clock.now_ms()):
        raise ConflictError("this consent has ended already")
    return found


def _left(before: Details, sent: Form, language: Language) -> Details | str:
    """Return what is left of ``before``, or what to mend."""
    keep = sent.many("keep") & before.evidence.keys()
    if not keep:
        return language.say("一项都不留，就是收回授权。请返回，点“收回授权”。")
    evidence = {}
    for code in keep:
        one = before.evidence[code]
        fields = one.fields - sent.many(f"without-{code}")
        if one.fields and not fields:
            return language.say(
                "%(name)s的内容全去掉了。如果不想给，请去掉这一项前面的勾。",
                name=evidence_name(code, language),
            )
        evidence[code] = EvidenceGrant(code=code, view=one.view, fields=fields)
    left = replace(before, evidence=evidence)
    return language.say("还没有改动。请先去掉不想再给的。") if left == before else left


def _narrow_page(member: Member, found: OwnConsent, *, trouble: str = "") -> Response:
    language = member.language
    consent = found.consent
    view = NarrowView(
        card=_card(found, now_ms=member.wired.vault.clock.now_ms(), language=language),
        items=tuple(
            NarrowItem(
                code=code,
                label=f"{evidence_name(code, language)} · {seen_word(one.view, language)}",
                chosen=True,
                leave_out=_boxes(one, language),
            )
            for code, one in sorted(consent.details.evidence.items())
        ),
        action=_href(consent, "narrow"),
        back=CONSENTS,
        trouble=trouble,
    )
    frame = member.frame("consents")
    return page("space/narrow.html", frame=frame, view=view, status=MENDABLE if trouble else 200)


def _boxes(one: EvidenceGrant, language: Language) -> tuple[FieldBox, ...]:
    """Return fields that can be taken out; the last one goes only with the whole item."""
    names = in_order(one.code, one.fields)
    if len(names) < 2:  # noqa: PLR2004 - nothing would be left
        return ()
    labels = field_names(one.code, names, language)
    return tuple(
        FieldBox(value=name, label=label) for name, label in zip(names, labels, strict=True)
    )


def _card(found: OwnConsent, *, now_ms: int, language: Language) -> ConsentCard:
    consent, department = found.consent, found.department
    return ConsentCard(
        grant_id=consent.grant_id.hex(),
        department=(
            language.say("部门")
            if department is None
            else language.pick(department.name_zh, department.name_en)
        ),
        item=item_name(consent.item, language),
        purpose=purpose_name(consent.purpose, language),
        case_tail=consent.case_no[-TAIL:],
        badge=_badge(consent, now_ms=now_ms, language=language),
        items=tuple(
            _granted(one, found.uses.get(code), language)
            for code, one in sorted(consent.details.evidence.items())
        ),
        given=language.at(consent.created_at_ms),
        until=language.at(consent.expires_at_ms),
        ended=_ended(consent, now_ms=now_ms, language=language),
        revoke_href=_href(consent, "revoke"),
        narrow_href=_href(consent, "narrow"),
    )


def _badge(consent: Consent, *, now_ms: int, language: Language) -> Badge:
    if consent.status is ConsentStatus.REVOKED:
        return Badge(text=language.say("已收回"), tone=Tone.QUIET)
    if not works(consent, now_ms=now_ms):
        return Badge(text=language.say("已到期"), tone=Tone.QUIET)
    return Badge(text=language.say("生效中"), tone=Tone.GOOD)


def _ended(consent: Consent, *, now_ms: int, language: Language) -> When | None:
    if works(consent, now_ms=now_ms):
        return None
    return language.at(consent.ended_at_ms or consent.expires_at_ms)


def _granted(one: EvidenceGrant, use: Use | None, language: Language) -> GrantedItem:
    return GrantedItem(
        name=evidence_name(one.code, language),
        view=seen_word(one.view, language),
        fields=field_names(one.code, tuple(one.fields), language),
        used=_used(use, language),
    )


def _used(use: Use | None, language: Language) -> str:
    if use is None or not use.used:
        told = language.say("还没有调取过")
    else:
        told = language.counted("已调取 %(num)s 次", use.used)
    if use is None or use.limit is None:
        return told
    return language.pick("，", ", ").join((told, language.counted("最多 %(num)s 次", use.limit)))


def _href(consent: Consent, verb: str) -> str:
    return f"{CONSENTS}/{consent.grant_id.hex()}/{verb}"
