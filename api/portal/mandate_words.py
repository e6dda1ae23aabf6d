"""Mandates in words, and forms of them as powers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from api.portal.door import Form
from api.portal.language import Language
from api.portal.ledger import item_name
from api.portal.views import Badge, Choice, MandateCard, Ticks, Tone
from api.portal.words import evidence_name, group_word, mark, seen_word
from policies.catalogue import SENSITIVE_LEVEL, catalogue
from policies.items import items
from policies.scopes import GROUPS, View
from vault.errors import InvalidInputError
from vault.holders import HolderKind
from vault.mandates import Act, Mandate, Powers

DAY: Final = 24 * 3600
DAYS: Final = (30, 90, 365)
ACTS: Final = "act"
EVIDENCE: Final = "evidence"
ITEMS: Final = "item"

_ACTS: Final[Mapping[Act, str]] = {
    Act.READ: mark("查看材料"),
    Act.CONSENT: mark("决定是否授权部门调取"),
    Act.EXCHANGE: mark("由受托机构自己的系统，在授权范围内调取"),
}


def act_words(acts: Iterable[Act], language: Language) -> tuple[str, ...]:
    """Return what may be done, in a fixed order."""
    wanted = set(acts)
    return tuple(language.say(word) for act, word in _ACTS.items() if act in wanted)


def card_of(
    mandate: Mandate,
    powers: Powers,
    *,
    who: str,
    alive: bool,
    now: int,
    language: Language,
    passed_on: bool = False,
) -> MandateCard:
    """Return a mandate as a card without links; ``powers`` are those that are shown."""
    return MandateCard(
        mandate_id=mandate.mandate_id.hex(),
        who=who,
        badge=_badge(mandate, alive=alive, now=now, language=language),
        acts=act_words(powers.acts, language),
        evidence=tuple(
            f"{evidence_name(code, language)} · {seen_word(view, language)}"
            for code, view in sorted(powers.evidence.items())
        ),
        items=tuple(item_name(code, language) for code in sorted(powers.items)),
        until=language.until(powers.ends_at),
        passes_on=powers.passes_on,
        passed_on=passed_on,
    )


def act_ticks(chosen: Iterable[str], language: Language, *, among: Iterable[Act] = Act) -> Ticks:
    """Return the question what may be done."""
    ticked, offered = set(chosen), set(among)
    choices = tuple(
        Choice(value=act.value, label=language.say(word), chosen=act.value in ticked)
        for act, word in _ACTS.items()
        if act in offered
    )
    return Ticks(name=ACTS, label=language.say("可以做什么"), groups=(("", choices),))


def evidence_ticks(
    chosen: Iterable[str], language: Language, *, among: Mapping[str, View]
) -> Ticks:
    """Return the question which evidence is covered, group by group; none of it is sensitive."""
    ticked = set(chosen)
    groups = []
    for group in GROUPS:
        choices = tuple(
            Choice(value=code, label=evidence_name(code, language), chosen=code in ticked)
            for code, kind in catalogue().items()
            if kind.group == group and code in among
        )
        if choices:
            groups.append((group_word(group, language), choices))
    return Ticks(name=EVIDENCE, label=language.say("哪些材料"), groups=tuple(groups))


def item_ticks(chosen: Iterable[str], language: Language, *, among: Iterable[str]) -> Ticks:
    """Return the question in which matters."""
    ticked = set(chosen)
    choices = tuple(
        Choice(value=code, label=item_name(code, language), chosen=code in ticked)
        for code in among
    )
    return Ticks(name=ITEMS, label=language.say("办哪些事"), groups=(("", choices),))


def view_choices(chosen: str, language: Language) -> tuple[Choice, ...]:
    """Return the question how much may be seen at most."""
    return tuple(
        Choice(value=view.label, label=seen_word(view, language), chosen=view.label == chosen)
        for view in View
    )


def day_choices(chosen: str, language: Language) -> tuple[Choice, ...]:
    """Return the question for how long."""
    return tuple(
        Choice(
            value=str(days),
            label=language.counted("%(num)s 天", days),
            chosen=str(days) == chosen,
        )
        for days in DAYS
    )


def offered_evidence(kind: HolderKind) -> dict[str, View]:
    """Return the evidence that a holder of ``kind`` may have and may let others act on."""
    return {
        code: max(one.views)
        for code, one in catalogue().items()
        if one.offered and one.fits(kind.value) and one.level < SENSITIVE_LEVEL
    }


def offered_items(kind: HolderKind) -> tuple[str, ...]:
    """Return the matters that a holder of ``kind`` may apply for."""
    return tuple(code for code, one in items().items() if kind.value in one.applicants)


def powers_of(sent: Form, *, offered: Powers, now: int) -> Powers:
    """Return the powers that a form asks for, held to what is ``offered``.

    Raises:
        InvalidInputError: Something is missing or was not offered.
    """
    codes, days = sent.many(EVIDENCE), sent.one("days")
    wanted, views = sent.many(ITEMS), {view.label: view for view in View}
    if not codes <= offered.evidence.keys() or not wanted <= offered.items:
        raise InvalidInputError("something was not offered", field="form")
    if days not in map(str, DAYS) or sent.one("view") not in views:
        raise InvalidInputError("a choice is missing", field="form")
    most = views[sent.one("view")]
    return Powers(
        acts=_acts(sent, offered),
        evidence={code: min(most, offered.evidence[code]) for code in codes},
        items=wanted,
        starts_at=now,
        ends_at=min(now + int(days) * DAY, offered.ends_at),
        passes_on=sent.one("passes_on") == "yes" and offered.passes_on,
    )


def left_of(before: Powers, sent: Form) -> Powers:
    """Return what a form leaves of powers.

    Raises:
        InvalidInputError: Nothing would be left.
    """
    keep = sent.many(EVIDENCE)
    return replace(
        before,
        acts=_acts(sent, before),
        evidence={code: view for code, view in before.evidence.items() if code in keep},
        items=before.items & sent.many(ITEMS),
    )


def _acts(sent: Form, offered: Powers) -> frozenset[Act]:
    ticked = sent.many(ACTS)
    return frozenset(act for act in offered.acts if act.value in ticked)


def _badge(mandate: Mandate, *, alive: bool, now: int, language: Language) -> Badge:
    if alive:
        return Badge(text=language.say("生效中"), tone=Tone.GOOD)
    if mandate.powers.starts_at > now:
        return Badge(text=language.say("还没生效"), tone=Tone.CARE)
    return Badge(text=language.say("已结束"), tone=Tone.QUIET)
