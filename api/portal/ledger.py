"""Entries of a holder's journal as lines of a list, and one of them in full."""

from collections.abc import Iterable
from typing import Final

from api.portal.demands import demand_facts, demands_view
from api.portal.language import Language
from api.portal.sentences import (
    agent_words,
    basis_words,
    sentence,
    status_words,
    told_of,
    who,
)
from api.portal.uses import use_facts, use_line
from api.portal.views import AccessLine, AccessView, Fact, SeenItem
from api.portal.words import evidence_name, field_names, reason_words, seen_word
from policies.items import items
from policies.purposes import purposes
from policies.scopes import View
from vault.journal.entries import Basis, Entry, Evidence, Kind
from vault.services.acting import AGENT
from vault.services.list_accesses import Access

TAIL: Final = 7
"""Characters of a case number that people compare."""


def line_of(access: Access, *, language: Language, fresh: bool = False) -> AccessLine:
    """Return an entry as a line; ``fresh`` marks what the holder has not seen yet."""
    entry = access.entry
    told = told_of(entry)
    named = entry.kind is not Kind.LIST  # The sentence has the names; the views say more.
    href = f"/space/accesses/{entry.entry_id.hex()}"
    reasons = () if entry.decision is None else entry.decision.reasons
    return AccessLine(
        icon=told.icon,
        tone=told.tone,
        title=sentence(access, told, language=language),
        at=language.at(entry.at_ms),
        outcome=language.say(told.outcome) if told.outcome else "",
        reason=language.spaced((status_words(entry, language), reason_words(reasons, language))),
        basis="" if entry.basis is Basis.OWN else basis_words(entry, language),
        item=item_name(entry.on.item, language) if entry.on and entry.on.item else "",
        seen=tuple(_seen(one, language) for one in entry.evidence if one.view or not named),
        href=href,
        receipt_href=f"{href}/receipt",
        use=use_line(access, language),
        index=access.index,
        fresh=fresh,
    )


def access_view(access: Access, *, language: Language) -> AccessView:
    """Return an entry with everything that it says to its holder."""
    line = line_of(access, language=language)
    seen = tuple(_seen(one, language) for one in access.entry.evidence)
    pairs = (
        (language.say("谁"), _actor(access, language)),
        (language.say("什么时候"), line.at.text),
        (language.say("凭什么"), basis_words(access.entry, language)),
        *_matter(access.entry, language),
        (language.say("哪些材料"), "\n".join(_seen_words(seen, language))),
        *use_facts(access, language),
        *demand_facts(access, language),
        *_origin(access, language),
    )
    facts = tuple(Fact(label=label, value=value) for label, value in pairs if value)
    demands = demands_view(access, language, action=f"{line.href}/demand")
    return AccessView(line=line, facts=facts, demands=demands)


def item_name(code: str, language: Language) -> str:
    """Return the name of a service item; its code where the catalogue has lost it."""
    found = items().get(code)
    return code if found is None else language.pick(found.name_zh, found.name_en)


def purpose_name(code: str, language: Language) -> str:
    """Return what a purpose is called."""
    found = purposes().get(code)
    return code if found is None else language.of(found)


def _actor(access: Access, language: Language) -> str:
    entry = access.entry
    names = []
    if entry.by.member == AGENT:
        names.append(language.say("受托人：%(agent)s", agent=agent_words(access, language)))
    elif entry.by.member is not None:
        names.append(language.say("您本人"))
    if access.department is not None:
        names.append(who(access, language))
    if access.client is not None:
        system = language.pick(access.client.name_zh, access.client.name_en)
        names.append(language.say("系统：%(client)s", client=system))
    return "\n".join(names)


def _matter(entry: Entry, language: Language) -> Iterable[tuple[str, str]]:
    if entry.by.acting:
        yield language.say("凭哪份委托"), entry.by.acting[0]
    on = entry.on
    if on is None:
        return
    if on.item is not None:
        yield language.say("办什么事"), item_name(on.item, language)
    if on.purpose is not None:
        yield language.say("用来做什么"), purpose_name(on.purpose, language)
    if on.case_no is not None:
        yield language.say("办件号后 7 位"), on.case_no[-TAIL:]


def _origin(access: Access, language: Language) -> Iterable[tuple[str, str]]:
    request = access.entry.request
    if request is not None and request.network is not None:
        yield language.say("从哪个网段发起"), request.network
    yield language.say("公开日志里的位置"), str(access.index)
    yield language.say("您的第几条记录"), str(access.number + 1)
    yield language.say("登记编号"), access.entry.entry_id.hex()


def _seen(one: Evidence, language: Language) -> SeenItem:
    return SeenItem(
        name=evidence_name(one.code, language),
        view=seen_word(View.of(one.view), language) if one.view else "",
        fields=field_names(one.code, one.fields, language),
    )


def _seen_words(seen: tuple[SeenItem, ...], language: Language) -> Iterable[str]:
    for one in seen:
        yield f"{one.name} · {one.view}" if one.view else one.name
        if one.fields:
            yield language.joined(one.fields)
