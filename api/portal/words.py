"""Plain words for states, views, grades and events.

Every sentence is Chinese here; the catalogue has the English. Nothing is shown that has no word.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from api.portal.language import Language
from api.portal.views import Badge, Tone
from policies.catalogue import catalogue
from policies.reasons import reasons as reasons_of_policies
from policies.scopes import View
from vault.records import RecordHead, RecordStatus, TrustGrade

SOON: Final = timedelta(days=60)
"""A licence that ends within this many days is marked (domain.md 3.5: notice at 60 and 30)."""


def mark(source: str) -> str:
    """Mark ``source`` for the catalogue; it is translated where it is shown."""
    return source


def reason_words(reasons: tuple[str, ...], language: Language) -> str:
    """Return the sentences for reasons of a refusal; one without a sentence is left out."""
    known = reasons_of_policies()
    return language.spaced(tuple(language.of(known[one]) for one in reasons if one in known))


_STATUS: Final[Mapping[str, tuple[str, Tone]]] = {
    RecordStatus.VALID: (mark("有效"), Tone.GOOD),
    RecordStatus.SUSPENDED: (mark("暂扣"), Tone.BAD),
    RecordStatus.WITHDRAWN: (mark("已撤销"), Tone.BAD),
    RecordStatus.CANCELLED: (mark("已注销"), Tone.QUIET),
    RecordStatus.LAPSED: (mark("已失效"), Tone.QUIET),
    RecordStatus.TRANSFERRED: (mark("已转出"), Tone.QUIET),
    RecordStatus.REVOKED: (mark("已吊销"), Tone.BAD),
    RecordStatus.UNKNOWN: (mark("状态待确认"), Tone.CARE),
}
_GRADES: Final[Mapping[TrustGrade, tuple[str, str]]] = {
    TrustGrade.A: (mark("A 级，最高"), mark("发证部门直接提供，可以直接使用。")),
    TrustGrade.B: (mark("B 级"), mark("窗口工作人员核对过原件，可以重复使用。")),
    TrustGrade.C: (mark("C 级"), mark("本人提供，办事时还要到窗口核对原件。")),
    TrustGrade.D: (mark("D 级"), mark("本人填写，由本人声明负责。")),
}
_GROUPS: Final[Mapping[str, str]] = {
    "identity": mark("身份"),
    "licence": mark("证照"),
    "credit": mark("信用"),
    "service_result": mark("办事结果"),
    "material": mark("自备材料"),
}
_SEEN: Final[Mapping[View, str]] = {
    View.VERIFY: mark("只核对有没有、是否有效"),
    View.SUMMARY: mark("遮盖后的内容"),
    View.FULL: mark("完整内容"),
}
_VIEWS: Final[Mapping[View, tuple[str, str]]] = {
    View.VERIFY: (
        mark("只核对"),
        mark("不给内容，只告诉有没有、是否有效、谁发的、何时更新。"),
    ),
    View.SUMMARY: (
        mark("给遮盖后的内容"),
        mark("姓名、号码等打上星号，地址只到县区。"),
    ),
    View.FULL: (mark("给完整内容"), mark("只给上面列出的，别的不给。")),
}


def group_word(group: str, language: Language) -> str:
    """Return the name of a group of the catalogue."""
    return language.say(_GROUPS[group])


def seen_word(view: View, language: Language) -> str:
    """Return what was, or may be, seen in a view."""
    return language.say(_SEEN[view])


def view_word(view: View, language: Language) -> str:
    """Return what a holder chooses when choosing a view."""
    return language.say(_VIEWS[view][0])


def view_explained(view: View, language: Language) -> str:
    """Return what a view gives away."""
    return language.say(_VIEWS[view][1])


def grade_words(grade: TrustGrade, language: Language) -> tuple[str, str]:
    """Return what a trust grade is called and what it means."""
    name, meaning = _GRADES[grade]
    return language.say(name), language.say(meaning)


def status_badge(status: str, language: Language) -> Badge:
    """Return the badge for a status code of GB/T 36903."""
    word, tone = _STATUS[status]
    return Badge(text=language.say(word), tone=tone)


def head_badge(head: RecordHead, *, day: date, language: Language) -> Badge:
    """Return the badge for a record as it stands on ``day``; expiry is judged by its dates."""
    if head.status is RecordStatus.VALID:
        if head.valid_from is not None and day < head.valid_from:
            return Badge(text=language.say("还没生效"), tone=Tone.CARE)
        if head.valid_to is not None and head.valid_to < day:
            return Badge(text=language.say("已过期"), tone=Tone.BAD)
        if head.valid_to is not None and head.valid_to - day <= SOON:
            return Badge(text=language.say("快到期"), tone=Tone.CARE)
    return status_badge(head.status, language)


def validity(head: RecordHead, *, language: Language) -> str:
    """Return from when and until when a record is valid, in one line."""
    since, until = head.valid_from, head.valid_to
    if since is not None and until is not None:
        return language.say(
            "%(since)s 到 %(until)s", since=language.day(since), until=language.day(until)
        )
    if until is not None:
        return language.say("有效期到 %(until)s", until=language.day(until))
    if since is not None:
        return language.say("%(since)s 起，长期有效", since=language.day(since))
    return language.say("长期有效")


def ends(head: RecordHead, *, language: Language) -> str:
    """Return until when a record is valid, for a list."""
    if head.valid_to is None:
        return language.say("长期有效")
    return language.say("有效期到 %(until)s", until=language.day(head.valid_to))


def evidence_name(code: str, language: Language) -> str:
    """Return the name of an evidence type; the code itself where the catalogue lost it."""
    found = catalogue().get(code)
    return code if found is None else language.pick(found.name_zh, found.name_en)


def field_names(code: str, names: Iterable[str], language: Language) -> tuple[str, ...]:
    """Return labels of fields, in the order of the catalogue; a lost one is shown as it came."""
    found = catalogue().get(code)
    known = found.fields if found else {}
    return tuple(
        language.pick(known[name].zh, known[name].en) if name in known else name
        for name in in_order(code, names)
    )


def in_order(code: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return names of fields in the order of the catalogue; those it does not have come last."""
    found, wanted = catalogue().get(code), set(names)
    known = tuple(name for name in (found.fields if found else ()) if name in wanted)
    return (*known, *sorted(wanted - set(known)))
