"""The journal in plain words: one sentence for every kind of entry that a holder has.

An entry that is newer than these words still gets a sentence: nothing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.portal.language import Language
from api.portal.views import Tone
from api.portal.words import evidence_name, mark, status_badge
from policies.scopes import View
from vault.demands import DemandKind
from vault.journal.entries import Basis, Entry, Kind, Result
from vault.services.acting import AGENT
from vault.services.list_accesses import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one entry is told.

    Attributes:
        source: Sentence with places for ``who`` and ``what``.
        outcome: Word for what did not happen; empty where it did.
    """

    source: str
    icon: str
    tone: Tone = Tone.GOOD
    outcome: str = ""


_VERIFIED: Final = Told(source=mark("%(who)s核对了您的%(what)s"), icon="check")
_COMPLAINT: Final = Told(source=mark("您投诉了%(who)s"), icon="info", tone=Tone.QUIET)
_COMPLAINT_ANSWERED: Final = Told(source=mark("运营方答复了您的投诉"), icon="info", tone=Tone.CARE)
_DECLINED: Final = Told(
    source=mark("您没有同意%(who)s调取%(what)s"),
    icon="refused",
    tone=Tone.QUIET,
    outcome=mark("没有给"),
)
_BY_REASON: Final[Mapping[str, Told]] = {
    "consent-reported": Told(
        source=mark("您举报了%(who)s要%(what)s的请求"),
        icon="lock",
        tone=Tone.CARE,
        outcome=mark("没有给"),
    ),
    "consent-mismatched": Told(
        source=mark("号码选得不对，没有给%(who)s%(what)s"),
        icon="refused",
        tone=Tone.CARE,
        outcome=mark("没有给"),
    ),
}
"""Where a holder's refusal was more than not wanting to."""

_REFUSED: Final = mark("已拒绝")
_OWN_GIVE: Final = mark("您想同意%(who)s调取%(what)s")
_OWN_READ: Final = mark("您想打开自己的%(what)s")
_OWN_KEYS: Final = mark("您想登记或删除通行密钥")
_OWN_EXPORT: Final = mark("您想下载核对文件")
_TRIED: Final[Mapping[Basis, str]] = {
    Basis.CONSENT: mark("%(who)s想看您的%(what)s"),
    Basis.SYSTEM: mark("%(who)s想登记或更改您的%(what)s"),
}
_OTHER_TRY: Final = mark("%(who)s的一次请求")
_UNKNOWN: Final = Told(source=mark("空间里登记了一件事（%(kind)s）"), icon="info", tone=Tone.QUIET)
_BY_KIND: Final[Mapping[Kind, Told]] = {
    Kind.DEPOSIT: Told(source=mark("%(who)s存入了%(what)s"), icon="records"),
    Kind.VERSION: Told(source=mark("%(who)s更新了%(what)s"), icon="records"),
    Kind.STATUS: Told(source=mark("%(who)s更改了%(what)s的状态"), icon="records", tone=Tone.CARE),
    Kind.CONSENT_GIVE: Told(source=mark("您同意%(who)s调取%(what)s"), icon="consents"),
    Kind.CONSENT_NARROW: Told(
        source=mark("您缩小了给%(who)s的授权，只剩%(what)s"), icon="consents", tone=Tone.QUIET
    ),
    Kind.CONSENT_PAUSE: Told(
        source=mark("您暂停了给%(who)s的授权"), icon="consents", tone=Tone.QUIET
    ),
    Kind.CONSENT_RESUME: Told(source=mark("您恢复了给%(who)s的授权"), icon="consents"),
    Kind.CONSENT_REVOKE: Told(
        source=mark("您收回了给%(who)s的授权"), icon="consents", tone=Tone.QUIET
    ),
    Kind.CONSENT_END: Told(source=mark("%(who)s交还了您的授权"), icon="consents", tone=Tone.QUIET),
    Kind.PULL: Told(source=mark("%(who)s查看了您的%(what)s"), icon="accesses"),
    Kind.USE: Told(source=mark("%(who)s说明了怎样用您的材料"), icon="receipt", tone=Tone.QUIET),
    Kind.DEMAND_ASK: Told(source=mark("您要求%(who)s解释或删除"), icon="info", tone=Tone.QUIET),
    Kind.DEMAND_ANSWER: Told(source=mark("%(who)s答复了您的要求"), icon="info", tone=Tone.CARE),
    Kind.LIST: Told(source=mark("%(who)s查了授权里有哪些材料，没有看内容"), icon="accesses"),
    Kind.OWN_READ: Told(source=mark("您打开了自己的%(what)s"), icon="person", tone=Tone.QUIET),
    Kind.OWN_EXPORT: Told(source=mark("您下载了核对文件"), icon="key", tone=Tone.CARE),
    Kind.HOLDER_OPENED: Told(source=mark("您的空间开通了，由%(who)s首次登记"), icon="home"),
    Kind.HOLDER_CHANGED: Told(
        source=mark("%(who)s补充了您的姓名或联系方式"), icon="person", tone=Tone.CARE
    ),
    Kind.PASSKEY_ADD: Told(source=mark("您登记了一个通行密钥"), icon="key", tone=Tone.CARE),
    Kind.PASSKEY_REMOVE: Told(source=mark("您删除了一个通行密钥"), icon="key", tone=Tone.CARE),
    Kind.CASE_OPEN: Told(source=mark("%(who)s受理了您要办的事"), icon="file"),
    Kind.MANDATE_EXCHANGE: Told(
        source=mark("%(who)s凭您的委托，取得一份较小的许可，可调取%(what)s"), icon="consents"
    ),
    Kind.MANDATE_GIVE: Told(source=mark("您委托了别人办事"), icon="person", tone=Tone.CARE),
    Kind.MANDATE_NARROW: Told(source=mark("您缩小了一份委托"), icon="person", tone=Tone.QUIET),
    Kind.MANDATE_END: Told(source=mark("您结束了一份委托"), icon="person", tone=Tone.QUIET),
}
_BY_AGENT: Final[Mapping[Kind, Told]] = {
    Kind.CONSENT_GIVE: Told(source=mark("%(agent)s代您同意%(who)s调取%(what)s"), icon="consents"),
    Kind.CONSENT_NARROW: Told(
        source=mark("%(agent)s代您缩小了给%(who)s的授权，只剩%(what)s"),
        icon="consents",
        tone=Tone.QUIET,
    ),
    Kind.CONSENT_PAUSE: Told(
        source=mark("%(agent)s代您暂停了给%(who)s的授权"), icon="consents", tone=Tone.QUIET
    ),
    Kind.CONSENT_REVOKE: Told(
        source=mark("%(agent)s代您收回了给%(who)s的授权"), icon="consents", tone=Tone.QUIET
    ),
    Kind.OWN_READ: Told(source=mark("%(agent)s凭委托打开了您的%(what)s"), icon="person"),
    Kind.MANDATE_GIVE: Told(source=mark("%(agent)s把您的一部分委托转给了别人"), icon="person"),
    Kind.MANDATE_NARROW: Told(
        source=mark("%(agent)s缩小了转给别人的委托"), icon="person", tone=Tone.QUIET
    ),
    Kind.MANDATE_END: Told(source=mark("%(agent)s结束了一份委托"), icon="person", tone=Tone.QUIET),
}
_AGENT_DECLINED: Final = Told(
    source=mark("%(agent)s代您没有同意%(who)s调取%(what)s"),
    icon="refused",
    tone=Tone.QUIET,
    outcome=mark("没有给"),
)
_AGENT_TRIED: Final = mark("%(agent)s想凭委托办%(what)s的事")
_BASES: Final[Mapping[Basis, str]] = {
    Basis.CONSENT: mark("凭您的授权"),
    Basis.DUTY: mark("依法定职责，%(article)s"),
    Basis.MANDATE: mark("凭您的委托"),
    Basis.OWN: mark("您本人"),
    Basis.SYSTEM: mark("部门依职责登记"),
}


def told_of(entry: Entry) -> Told:
    """Return how ``entry`` is told."""
    if entry.kind is Kind.REFUSAL:
        return _refusal(entry)
    if entry.kind is Kind.PULL and _only_verified(entry):
        return _VERIFIED
    if entry.demanded is not None and entry.demanded.kind == DemandKind.COMPLAIN:
        return _COMPLAINT if entry.demanded.outcome is None else _COMPLAINT_ANSWERED
    if entry.by.member == AGENT and entry.kind in _BY_AGENT:
        return _BY_AGENT[entry.kind]
    return _BY_KIND.get(entry.kind, _UNKNOWN)


def sentence(access: Access, told: Told, *, language: Language) -> str:
    """Return the sentence for an entry, with the names in it."""
    names = tuple(evidence_name(one.code, language) for one in access.entry.evidence)
    return language.say(
        told.source,
        who=who(access, language),
        what=language.joined(names) or language.say("材料"),
        kind=access.entry.kind.value,
        agent=agent_words(access, language),
    )


def who(access: Access, language: Language) -> str:
    """Return the department that acted, asked, or is spoken of."""
    found = access.department
    return language.say("部门") if found is None else language.pick(found.name_zh, found.name_en)


def agent_words(access: Access, language: Language) -> str:
    """Return who acted by a mandate."""
    return access.agent or language.say("受托人")


def basis_words(entry: Entry, language: Language) -> str:
    """Return on which lawful basis it happened."""
    return language.say(_BASES[entry.basis], article=entry.article or "")


def status_words(entry: Entry, language: Language) -> str:
    """Return from which status to which a record went; empty for anything else."""
    change = entry.change
    if entry.kind is not Kind.STATUS or change is None or not change.came_from:
        return ""
    return language.say(
        "状态：%(before)s → %(after)s",
        before=status_badge(change.came_from, language).text,
        after=status_badge(change.became or "", language).text,
    )


def _refusal(entry: Entry) -> Told:
    permitted = entry.decision is not None and entry.decision.result is Result.PERMIT
    by_agent = entry.by.member == AGENT
    if permitted:  # The holder was free to decline, and did.
        usual = _AGENT_DECLINED if by_agent else _DECLINED
        reasons = entry.decision.reasons if entry.decision else ()
        return next((_BY_REASON[one] for one in reasons if one in _BY_REASON), usual)
    if by_agent:
        source = _AGENT_TRIED
    elif entry.by.member is not None and entry.by.department is None:
        source = _OWN_READ if entry.evidence else _own_try(entry)
    elif entry.by.member is not None:
        source = _OWN_GIVE
    else:
        source = _TRIED.get(entry.basis, _OTHER_TRY)
    return Told(source=source, icon="refused", tone=Tone.BAD, outcome=_REFUSED)


def _own_try(entry: Entry) -> str:
    """Return what the holder tried without evidence: the entry says so by its reasons alone."""
    reasons = () if entry.decision is None else entry.decision.reasons
    return _OWN_EXPORT if "export-needs-passkey" in reasons else _OWN_KEYS


def _only_verified(entry: Entry) -> bool:
    return all(one.view == View.VERIFY.label for one in entry.evidence)
