"""A department's request as one reader sees it, with what was ticked so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from api.consent_page import Choice, Chosen, ConsentPage, EvidenceShown, WindowShown
from api.portal.door import Form
from api.portal.language import Language
from api.portal.ledger import TAIL
from api.portal.views import (
    AskedItem,
    Badge,
    ConsentPageView,
    FieldBox,
    NumberBox,
    Preview,
    Tone,
    ViewOption,
    WindowView,
)
from api.portal.words import status_badge, view_explained, view_word
from policies.catalogue import SENSITIVE_LEVEL
from policies.scopes import View
from vault.clock import MS

NONE: Final = "none"
GIVE: Final = "give-"
WITHOUT: Final = "without-"
SEPARATELY: Final = "separately-"
MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the holder ticked for one evidence type.

    Attributes:
        give: A view's label, ``none``, or empty where nothing is ticked yet.
        without: Fields that are kept back.
        separately: The tick of its own that sensitive evidence takes.
    """

    give: str = ""
    without: frozenset[str] = frozenset()
    separately: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What else the page shows beside the request.

    Attributes:
        answers: By evidence code.
        troubles: What is still to be said, by evidence code; under the empty code for all.
        previews: By evidence code.
        number: Of a counter's three, the one that was chosen; empty where none is yet.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    number: str = ""

    def with_previews(self, previews: Mapping[str, Preview]) -> Self:
        """Return the same, with what would leave."""
        return replace(self, previews=previews)

    def with_troubles(self, troubles: Mapping[str, str]) -> Self:
        """Return the same, with what is still to be said."""
        return replace(self, troubles=troubles)


def answers_of(asked: ConsentPage, sent: Form) -> dict[str, Answer]:
    """Return what was ticked; what the page does not offer is as if nothing was ticked."""
    found = {}
    for one in asked.evidence:
        give = sent.one(GIVE + one.code)
        offered = {NONE, *(view.label for view in one.views)}
        found[one.code] = Answer(
            give=give if give in offered else "",
            without=sent.many(WITHOUT + one.code) & {field.name for field in one.fields},
            separately=sent.one(SEPARATELY + one.code) == "yes",
        )
    return found


def granted_fields(one: EvidenceShown, answer: Answer, view: View) -> frozenset[str]:
    """Return what would leave in ``view``: what was asked for, less what is kept back."""
    if view is View.VERIFY:
        return frozenset()
    return frozenset(field.name for field in one.fields) - answer.without


def missing(
    asked: ConsentPage, answers: Mapping[str, Answer], language: Language
) -> dict[str, str]:
    """Return what is still to be said before anything can be given, by evidence code."""
    found = {}
    for one in asked.evidence:
        answer = answers[one.code]
        if not answer.give:
            found[one.code] = language.say("这一项还没有选：给，还是不给？")
        elif answer.give == NONE:
            continue
        elif one.level >= SENSITIVE_LEVEL and not answer.separately:
            found[one.code] = language.say("敏感信息要给，请单独勾选同意；不想给，就选“不给”。")
        elif answer.give != View.VERIFY.label and not granted_fields(
            one, answer, View.of(answer.give)
        ):
            found[one.code] = language.say("内容全去掉了。不想给，就选“不给这一项”。")
    if found:
        found[""] = language.say("还有没选好的地方，下面都标出来了。什么都没有发出。")
    elif all(one.give == NONE for one in answers.values()):
        found[""] = language.say(
            "您每一项都选了“不给”。如果都不给，请按“不同意，什么都不给”。什么都没有发出。"
        )
    return found


def choice_of(asked: ConsentPage, answers: Mapping[str, Answer]) -> Choice:
    """Return the consent that was ticked; nothing may be ``missing``."""
    evidence = {}
    for one in asked.evidence:
        answer = answers[one.code]
        if answer.give != NONE:
            view = View.of(answer.give)
            fields = granted_fields(one, answer, view)
            evidence[one.code] = Chosen(view=view, fields=fields)
    return Choice(evidence=evidence)


def request_view(
    asked: ConsentPage,
    looked: Looked,
    *,
    action: str,
    language: Language,
    now_ms: int,
    confirm_href: str = "",
) -> ConsentPageView:
    """Return the page in the reader's language."""
    return ConsentPageView(
        action=action,
        department=language.of(asked.department),
        contact=asked.department_contact,
        privacy_officer=asked.privacy_officer,
        client=language.of(asked.client),
        item=language.of(asked.item),
        case_tail=asked.case_no[-TAIL:],
        purpose=language.of(asked.purpose),
        note=asked.note,
        legal=language.of(asked.legal),
        items=tuple(_item(one, looked, language) for one in asked.evidence),
        until=language.until(asked.ends_at),
        uses=_uses(asked.uses, language),
        kept=language.counted("部门最多保存 %(num)s 天，之后必须删除", asked.retention_days),
        identity="" if asked.identity is None else language.of(asked.identity),
        ongoing="" if asked.ongoing is None else language.of(asked.ongoing),
        renews="" if asked.renews is None else language.of(asked.renews),
        refusal=language.of(asked.refusal),
        withdrawal=language.of(asked.withdrawal),
        rights=language.of(asked.rights),
        shown_hash=asked.shown_hash(language.code).hex(),
        trouble=looked.troubles.get("", ""),
        previewed=bool(looked.previews),
        confirm_href=confirm_href,
        minutes=max(1, (asked.expires_at - now_ms // MS) // MINUTE),
        window=_window(asked.window, looked, language),
    )


def _window(window: WindowShown | None, looked: Looked, language: Language) -> WindowView | None:
    if window is None:
        return None
    return WindowView(
        kiosk=not window.numbers,
        place=window.place,
        at=language.at(window.asked_at * MS),
        message=window.message,
        numbers=tuple(NumberBox(value=one, chosen=one == looked.number) for one in window.numbers),
        trouble=looked.troubles.get("number", ""),
    )


def _item(one: EvidenceShown, looked: Looked, language: Language) -> AskedItem:
    answer = looked.answers.get(one.code, Answer())
    return AskedItem(
        code=one.code,
        name=language.of(one.label),
        issuer=language.of(one.issuer),
        badge=_badge(one, language),
        updated=None if one.updated_at_ms is None else language.at(one.updated_at_ms),
        fields=_labels(one, language),
        sensitive=one.level >= SENSITIVE_LEVEL,
        agreed=answer.separately,
        necessity=language.of(one.necessity),
        other_way=language.of(one.other_way),
        legal=language.of(one.legal),
        options=tuple(
            ViewOption(
                value=view.label,
                label=view_word(view, language),
                explained=view_explained(view, language),
                asked=view is one.views[-1],
                chosen=answer.give == view.label,
            )
            for view in one.views
        ),
        refuse_chosen=answer.give == NONE,
        leave_out=_leave_out(one, answer, language),
        preview=looked.previews.get(one.code),
        trouble=looked.troubles.get(one.code, ""),
    )


def _labels(one: EvidenceShown, language: Language) -> tuple[str, ...]:
    masked = language.say("（别人的信息，始终遮盖）")
    return tuple(
        language.of(field.label) + (masked if field.other_person else "") for field in one.fields
    )


def _leave_out(one: EvidenceShown, answer: Answer, language: Language) -> tuple[FieldBox, ...]:
    if len(one.fields) < 2:  # noqa: PLR2004 - without the only one nothing would be given
        return ()
    return tuple(
        FieldBox(
            value=field.name,
            label=language.of(field.label),
            chosen=field.name in answer.without,
        )
        for field in one.fields
    )


def _badge(one: EvidenceShown, language: Language) -> Badge:
    if not one.status:
        return Badge(text=language.say("您没有这份材料"), tone=Tone.QUIET)
    return status_badge(one.status, language)


def _uses(uses: int | None, language: Language) -> str:
    if uses is None:
        return language.say("办这件事需要几次就调取几次，办完为止")
    return language.counted("每种材料最多调取 %(num)s 次", uses)
