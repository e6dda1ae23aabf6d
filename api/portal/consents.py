"""Consents that were given: the list, and taking one back in whole or in part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.consent_cards import CONSENTS, card, href, lasts
from api.portal.door import Form, Member, MemberDep, MembersFormDep, named, to
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import (
    ConsentsView,
    FieldBox,
    NarrowItem,
    NarrowView,
    RevokeView,
)
from api.portal.words import evidence_name, field_names, in_order, mark, seen_word
from vault.clock import MS
from vault.consents.details import Details, EvidenceGrant
from vault.errors import ConflictError, StepUpRequiredError
from vault.ids import GrantId
from vault.services.acting import FRESH_SECONDS
from vault.services.end_consent import (
    NarrowConsent,
    PauseConsent,
    ResumeConsent,
    RevokeConsent,
    narrow_consent,
    pause_consent,
    resume_consent,
    revoke_consent,
)
from vault.services.own_space import OwnConsent, own_consent, own_consents
from vault.services.sign_in import ACR

MENDABLE: Final = 422

_SAID: Final[Mapping[str, str]] = {
    "revoked": mark("授权已收回。从现在起，这个部门不能再凭它调取您的材料。"),
    "narrowed": mark("授权已缩小。从现在起，去掉的内容不能再被调取。"),
    "paused": mark("授权已暂停。恢复之前，这个部门不能凭它调取任何材料。"),
    "resumed": mark("授权已恢复，和您当初同意的一样。"),
}

router: Final = APIRouter(route_class=PageRoute)


@router.get(CONSENTS)
def consents(member: MemberDep, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """List all consents: those that last first, paused ones too, then those that ended."""
    vault, language = member.wired.vault, member.language
    now_ms = vault.clock.now_ms()
    found = sorted(own_consents(vault, member.acting), key=lambda one: -one.consent.created_at_ms)
    view = ConsentsView(
        active=tuple(
            card(one, now_ms=now_ms, language=language)
            for one in found
            if lasts(one, now_ms=now_ms)
        ),
        ended=tuple(
            card(one, now_ms=now_ms, language=language)
            for one in found
            if not lasts(one, now_ms=now_ms)
        ),
        said=language.say(_SAID[done]) if done in _SAID else "",
    )
    return page("space/consents.html", frame=member.frame("consents"), view=view)


@router.get(CONSENTS + "/{grant}/revoke")
def ask_revoke(grant: str, member: MemberDep) -> Response:
    """Ask once before a consent ends."""
    found = _lasting(member, grant)
    view = RevokeView(
        card=card(found, now_ms=member.wired.vault.clock.now_ms(), language=member.language),
        action=href(found.consent, "revoke"),
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
    found = _lasting(member, grant)
    return _narrow_page(member, found)


@router.post(CONSENTS + "/{grant}/narrow")
def narrow(grant: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Take a part of a consent back."""
    sent.only("keep", starting=("without-",))
    found = _lasting(member, grant)
    left = _left(found.consent.details, sent, member.language)
    if isinstance(left, str):
        return _narrow_page(member, found, trouble=left)
    asked = NarrowConsent(member=member.acting, grant_id=found.consent.grant_id, details=left)
    narrow_consent(member.wired.vault, asked)
    return to(f"{CONSENTS}?done=narrowed")


@router.post(CONSENTS + "/{grant}/pause")
def pause(grant: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Let a consent rest; that takes one tap, and nobody is asked why."""
    sent.only()
    asked = PauseConsent(member=member.acting, grant_id=GrantId(named(grant)))
    pause_consent(member.wired.vault, asked)
    return to(f"{CONSENTS}?done=paused")


@router.get(CONSENTS + "/{grant}/resume")
def ask_resume(grant: str, member: MemberDep) -> Response:
    """Ask once before a consent goes on, which is like giving it: signed in just now."""
    found = _lasting(member, grant)
    age = member.wired.vault.clock.now_ms() // MS - member.acting.signin.auth.auth_time
    if age > FRESH_SECONDS:
        raise StepUpRequiredError(acr=ACR, max_age_seconds=FRESH_SECONDS)
    view = RevokeView(
        card=card(found, now_ms=member.wired.vault.clock.now_ms(), language=member.language),
        action=href(found.consent, "resume"),
        back=CONSENTS,
    )
    return page("space/resume.html", frame=member.frame("consents"), view=view)


@router.post(CONSENTS + "/{grant}/resume")
def resume(grant: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Let a paused consent go on as it was given."""
    sent.only()
    asked = ResumeConsent(member=member.acting, grant_id=GrantId(named(grant)))
    resume_consent(member.wired.vault, asked)
    return to(f"{CONSENTS}?done=resumed")


def _lasting(member: Member, grant: str) -> OwnConsent:
    """Return a consent of the member that lasts.

    Raises:
        NotFoundError: There is none.
        ConflictError: It has ended.
    """
    vault = member.wired.vault
    found = own_consent(vault, member.acting, GrantId(named(grant)))
    if not lasts(found, now_ms=vault.clock.now_ms()):
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
        card=card(found, now_ms=member.wired.vault.clock.now_ms(), language=language),
        items=tuple(
            NarrowItem(
                code=code,
                label=f"{evidence_name(code, language)} · {seen_word(one.view, language)}",
                chosen=True,
                leave_out=_boxes(one, language),
            )
            for code, one in sorted(consent.details.evidence.items())
        ),
        action=href(consent, "narrow"),
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
