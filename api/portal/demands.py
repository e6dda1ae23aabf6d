"""What a holder demanded about an access, in plain words, and what can still be demanded."""

from collections.abc import Iterable, Mapping
from typing import Final

from api.portal.language import Language
from api.portal.views import DemandLine, DemandsView, DemandWay, Tone
from api.portal.words import mark
from vault.clock import legal_day
from vault.demands import Demand, DemandKind, DemandState
from vault.services.list_accesses import Access
from vault.services.make_demand import may_demand

_WAYS: Final[Mapping[DemandKind, str]] = {
    DemandKind.EXPLAIN: mark("请部门解释"),
    DemandKind.DELETE: mark("请部门删除"),
}
_WANTED: Final[Mapping[str, str]] = {
    DemandKind.EXPLAIN: mark("解释为什么查看"),
    DemandKind.DELETE: mark("删除取走的内容"),
    DemandKind.COMPLAIN: mark("投诉"),
}
_OUTCOMES: Final[Mapping[str, str]] = {
    DemandState.ANSWERED: mark("已经照办"),
    DemandState.REFUSED: mark("没有照办，理由如下"),
}


def demands_view(access: Access, language: Language, *, action: str) -> DemandsView:
    """Return what was demanded about an access, and what still can be."""
    open_now = {one.kind for one in access.demands if one.state is DemandState.OPEN}
    ways = tuple(
        DemandWay(kind=kind.value, label=language.say(label))
        for kind, label in _WAYS.items()
        if kind not in open_now and may_demand(access, kind)
    )
    lines = tuple(_line(one, access, language) for one in access.demands)
    complains = DemandKind.COMPLAIN not in open_now and may_demand(access, DemandKind.COMPLAIN)
    return DemandsView(lines=lines, ways=ways, complains=complains, action=action)


def demand_facts(access: Access, language: Language) -> Iterable[tuple[str, str]]:
    """Yield what an entry says that is a demand, or the answer to one."""
    said = access.entry.demanded
    if said is None:
        return
    yield language.say("要求"), language.say(_WANTED.get(said.kind, said.kind))
    if said.outcome is not None:
        yield language.say("结果"), language.say(_OUTCOMES.get(said.outcome, said.outcome))
    if said.text is not None:
        yield language.say("原话"), said.text
    yield language.say("说的是哪次查看"), said.pull.hex()


def _line(demand: Demand, access: Access, language: Language) -> DemandLine:
    complaint = demand.kind is DemandKind.COMPLAIN
    if demand.answer_entry is not None:
        answered = demand.state is DemandState.ANSWERED
        return DemandLine(
            text=language.say("您投诉了这件事")
            if complaint
            else language.say("您要求部门%(wanted)s", wanted=language.say(_WANTED[demand.kind])),
            badge=language.say("已答复") if answered else language.say("被拒绝"),
            tone=Tone.GOOD if answered else Tone.BAD,
            href=f"/space/accesses/{demand.answer_entry.hex()}",
        )
    day = language.day(legal_day(demand.due_at_ms))
    return DemandLine(
        text=language.say("您投诉了这件事，应在%(day)s前答复", day=day)
        if complaint
        else language.say(
            "您要求部门%(wanted)s，应在%(day)s前答复",
            wanted=language.say(_WANTED[demand.kind]),
            day=day,
        ),
        badge=language.say("已逾期") if access.overdue else language.say("等待答复"),
        tone=Tone.BAD if access.overdue else Tone.CARE,
        href="",
    )
