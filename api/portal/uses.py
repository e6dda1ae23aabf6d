"""What a department says it did with evidence, in plain words; and what it has not said yet."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from api.portal.language import Language
from api.portal.words import mark
from vault.clock import legal_day
from vault.services.list_accesses import Access
from vault.use_receipts import UseState

_SAID: Final[Mapping[str, str]] = {
    UseState.USED: mark("用于办理决定"),
    UseState.UNUSED: mark("没有用，也没有留下"),
    UseState.PURGED: mark("已经删除"),
}


def use_line(access: Access, language: Language) -> str:
    """Return one sentence about what became of a pull; empty for any other entry."""
    use = access.use
    if use is None:
        return ""
    if use.state is UseState.OWED:
        day = language.day(legal_day(use.due_at_ms))
        if access.late:
            return language.say("用途：还没有说明，%(day)s前就该说明", day=day)
        return language.say("用途：部门应在%(day)s前说明", day=day)
    if use.state is UseState.USED and use.kept_until is not None:
        day = language.day(use.kept_until)
        if access.late:
            return language.say("用途：用于办理决定；说好保存到%(day)s，还没有说已经删除", day=day)
        return language.say("用途：用于办理决定，保存到%(day)s", day=day)
    return language.say("用途：%(said)s", said=language.say(_SAID[use.state]))


def use_facts(access: Access, language: Language) -> Iterable[tuple[str, str]]:
    """Yield what the department says in an entry of its own about a pull."""
    used = access.entry.used
    if used is None:
        return
    yield language.say("怎样用的"), language.say(_SAID.get(used.outcome, used.outcome))
    if used.decision is not None:
        yield language.say("决定的编号"), used.decision
    if used.kept_until is not None:
        yield language.say("保存到"), language.day(date.fromisoformat(used.kept_until))
    yield language.say("说的是哪次查看"), used.pull.hex()
