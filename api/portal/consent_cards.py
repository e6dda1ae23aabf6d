"""A consent as its holder sees it: what it covers, whether it works, what can be done with it."""

from typing import Final

from api.portal.language import Language
from api.portal.ledger import TAIL, item_name, purpose_name
from api.portal.views import Badge, ConsentCard, GrantedItem, Tone, When
from api.portal.words import evidence_name, field_names, seen_word
from vault.clients import ClientStatus
from vault.consents import Consent, ConsentStatus, Use
from vault.consents.details import EvidenceGrant
from vault.services.own_space import OwnConsent

CONSENTS: Final = "/space/consents"


def works(found: OwnConsent, *, now_ms: int) -> bool:
    """Say whether a consent can release something now; expiry is judged by time."""
    return found.consent.status is ConsentStatus.ACTIVE and lasts(found, now_ms=now_ms)


def lasts(found: OwnConsent, *, now_ms: int) -> bool:
    """Say whether a consent can release something, now or once it goes on.

    Nothing that was granted to a system which is closed ever does again.
    """
    consent = found.consent
    held = consent.status is not ConsentStatus.REVOKED and now_ms < consent.expires_at_ms
    return held and not _closed(found)


def card(found: OwnConsent, *, now_ms: int, language: Language) -> ConsentCard:
    """Return a consent as the list shows it, with where each step on it leads."""
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
        badge=_badge(found, now_ms=now_ms, language=language),
        items=tuple(
            _granted(one, found.uses.get(code), language)
            for code, one in sorted(consent.details.evidence.items())
        ),
        given=language.at(consent.created_at_ms),
        until=language.at(consent.expires_at_ms),
        ended=_ended(found, now_ms=now_ms, language=language),
        revoke_href=href(consent, "revoke"),
        narrow_href=href(consent, "narrow"),
        pause_href=href(consent, "pause"),
        resume_href=href(consent, "resume"),
        paused=consent.status is ConsentStatus.PAUSED,
    )


def _closed(found: OwnConsent) -> bool:
    return found.client is not None and found.client.status is ClientStatus.CLOSED


def _badge(found: OwnConsent, *, now_ms: int, language: Language) -> Badge:
    consent = found.consent
    if consent.status is ConsentStatus.REVOKED:
        return Badge(text=language.say("已收回"), tone=Tone.QUIET)
    if now_ms >= consent.expires_at_ms:
        return Badge(text=language.say("已到期"), tone=Tone.QUIET)
    if _closed(found):
        return Badge(text=language.say("系统已关闭"), tone=Tone.QUIET)
    if consent.status is ConsentStatus.PAUSED:
        return Badge(text=language.say("已暂停"), tone=Tone.CARE)
    return Badge(text=language.say("生效中"), tone=Tone.GOOD)


def _ended(found: OwnConsent, *, now_ms: int, language: Language) -> When | None:
    """Return when a consent ended; nothing where only its system did, on a day of its own."""
    consent = found.consent
    if consent.ended_at_ms is None and now_ms < consent.expires_at_ms:
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


def href(consent: Consent, verb: str) -> str:
    """Return where a step on a consent is asked for."""
    return f"{CONSENTS}/{consent.grant_id.hex()}/{verb}"
