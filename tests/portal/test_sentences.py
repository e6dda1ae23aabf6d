"""The journal in plain words, kind by kind, in both languages."""

import re
from dataclasses import replace

import pytest

from api.portal.language import Language, languages
from api.portal.ledger import access_view, line_of
from api.portal.sentences import told_of
from api.portal.views import Tone
from tests.support.oauth_world import CASE, DEPARTMENT, ITEM, client, department
from vault.ids import EntryId
from vault.journal.entries import (
    Basis,
    By,
    Entry,
    Evidence,
    Kind,
    On,
    Result,
    StateChange,
    Verdict,
)
from vault.services.acting import AGENT, SELF
from vault.services.list_accesses import Access

ID = EntryId(b"\x51" * 16)
SPOKEN = {
    Kind.DEPOSIT,
    Kind.VERSION,
    Kind.STATUS,
    Kind.CONSENT_GIVE,
    Kind.CONSENT_NARROW,
    Kind.CONSENT_PAUSE,
    Kind.CONSENT_RESUME,
    Kind.CONSENT_REVOKE,
    Kind.CONSENT_END,
    Kind.PULL,
    Kind.USE,
    Kind.DEMAND_ASK,
    Kind.DEMAND_ANSWER,
    Kind.LIST,
    Kind.OWN_EXPORT,
    Kind.OWN_READ,
    Kind.HOLDER_OPENED,
    Kind.HOLDER_CHANGED,
    Kind.PASSKEY_ADD,
    Kind.PASSKEY_REMOVE,
    Kind.CASE_OPEN,
    Kind.MANDATE_EXCHANGE,
    Kind.MANDATE_GIVE,
    Kind.MANDATE_NARROW,
    Kind.MANDATE_END,
}
BY_AGENTS = {
    Kind.CONSENT_GIVE,
    Kind.CONSENT_PAUSE,
    Kind.CONSENT_NARROW,
    Kind.CONSENT_REVOKE,
    Kind.OWN_READ,
    Kind.MANDATE_GIVE,
    Kind.MANDATE_NARROW,
    Kind.MANDATE_END,
}
"""What the verbs of the vault write into a space, refusals aside."""

CHINESE = languages()["zh-CN"]
BOTH = pytest.mark.parametrize("language", languages().values(), ids=lambda one: one.code)


def verdict(result: Result, *reasons: str) -> Verdict:
    return Verdict(result=result, reasons=reasons, bundle=bytes(32), inputs=bytes(32))


def access(kind: Kind, **changes: object) -> Access:
    """Return an entry of a department about an identity card."""
    plain: dict[str, object] = {
        "entry_id": ID,
        "at_ms": 1_795_000_000_000,
        "kind": kind,
        "basis": Basis.SYSTEM,
        "by": By(department=DEPARTMENT),
        "evidence": (Evidence(code="ID01"),),
    }
    entry = Entry(**(plain | changes))  # type: ignore[arg-type]  # spelled out above
    who = None if entry.by.department is None else department(DEPARTMENT)
    return Access(entry=entry, index=7, number=3, department=who, client=None)


def refusal(basis: Basis, by: By, result: Result = Result.DENY, *reasons: str) -> Access:
    return access(Kind.REFUSAL, basis=basis, by=by, decision=verdict(result, *reasons))


@BOTH
@pytest.mark.parametrize("kind", sorted(SPOKEN))
def test_every_kind_that_a_space_can_hold_has_a_sentence_of_its_own(
    kind: Kind, language: Language
) -> None:
    line = line_of(access(kind), language=language)

    assert f"({kind.value})" not in line.title.replace("（", "(").replace("）", ")")
    assert "%(" not in line.title
    assert line.outcome == ""
    han = re.search("[一-鿿]", line.title)
    assert bool(han) == (language.code == "zh-CN")


@BOTH
@pytest.mark.parametrize("kind", sorted(set(Kind) - SPOKEN - {Kind.REFUSAL}))
def test_a_kind_without_a_sentence_is_told_by_its_name_and_not_left_out(
    kind: Kind, language: Language
) -> None:
    line = line_of(access(kind), language=language)

    assert f"（{kind.value}）" in line.title or f"({kind.value})" in line.title


def test_no_two_kinds_are_told_alike() -> None:
    chinese = languages()["zh-CN"]

    titles = {line_of(access(kind), language=chinese).title for kind in SPOKEN}

    assert len(titles) == len(SPOKEN)


@BOTH
@pytest.mark.parametrize("kind", sorted(BY_AGENTS))
def test_what_an_agent_did_is_told_of_the_agent(kind: Kind, language: Language) -> None:
    by = By(department=DEPARTMENT, member=AGENT, acting=("7" * 32,))
    found = replace(access(kind, by=by, basis=Basis.MANDATE), agent="王**")

    line = line_of(found, language=language)
    facts = {one.value for one in access_view(found, language=language).facts}

    assert line.title.startswith("王**")
    assert any("王**" in one for one in facts)
    assert "7" * 32 in facts


def test_no_two_acts_of_an_agent_are_told_alike() -> None:
    by = By(department=DEPARTMENT, member=AGENT)

    titles = {line_of(access(one, by=by), language=CHINESE).title for one in BY_AGENTS}

    assert len(titles) == len(BY_AGENTS)


OTHER = By(department=DEPARTMENT)
FOR_US = By(department=DEPARTMENT, member=AGENT, acting=("7" * 32,))
MINE = By(member=SELF)
FOR_THEM = By(department=DEPARTMENT, member=SELF)
WHO = "示范区市场监督管理局（模拟）"


@pytest.mark.parametrize(
    ("found", "title", "outcome", "tone"),
    [
        (refusal(Basis.CONSENT, OTHER), f"{WHO}想看您的居民身份证", "已拒绝", Tone.BAD),
        (refusal(Basis.SYSTEM, OTHER), f"{WHO}想登记或更改您的居民身份证", "已拒绝", Tone.BAD),
        (refusal(Basis.MANDATE, OTHER), f"{WHO}的一次请求", "已拒绝", Tone.BAD),
        (refusal(Basis.OWN, MINE), "您想打开自己的居民身份证", "已拒绝", Tone.BAD),
        (refusal(Basis.OWN, FOR_THEM), f"您想同意{WHO}调取居民身份证", "已拒绝", Tone.BAD),
        (
            refusal(Basis.OWN, FOR_THEM, Result.PERMIT),
            f"您没有同意{WHO}调取居民身份证",
            "没有给",
            Tone.QUIET,
        ),
        (
            refusal(Basis.MANDATE, FOR_US),
            "受托人想凭委托办居民身份证的事",
            "已拒绝",
            Tone.BAD,
        ),
        (
            refusal(Basis.MANDATE, FOR_US, Result.PERMIT),
            f"受托人代您没有同意{WHO}调取居民身份证",
            "没有给",
            Tone.QUIET,
        ),
    ],
    ids=["pull", "deposit", "other", "own-read", "give", "declined", "agent", "agent declined"],
)
def test_a_refusal_says_who_refused_whom(
    found: Access, title: str, outcome: str, tone: Tone
) -> None:
    line = line_of(found, language=languages()["zh-CN"])

    assert (line.title, line.outcome, line.tone) == (title, outcome, tone)


@BOTH
def test_a_refusal_says_why(language: Language) -> None:
    found = refusal(
        Basis.CONSENT, OTHER, Result.DENY, "consent-closed", "not-a-reason", "uses-exhausted"
    )

    line = line_of(found, language=language)

    assert line.reason == language.pick(
        "授权已撤回。授权的使用次数已用完。",
        "The consent has been revoked. The consent has no uses left.",
    )


@BOTH
def test_a_change_of_status_says_from_what_to_what(language: Language) -> None:
    change = StateChange(object="record", id="1", came_from="01", became="07", version=2)

    line = line_of(access(Kind.STATUS, change=change), language=language)

    assert line.reason == language.pick(
        "状态：有效 → 已吊销", "Status: Valid → Revoked by the issuer"
    )


@pytest.mark.parametrize(
    ("views", "told"),
    [
        (("verify",), "核对了您的居民身份证"),
        (("verify", "full"), "查看了您的居民身份证、居民身份证"),
        (("summary",), "查看了您的居民身份证"),
    ],
)
def test_to_verify_is_not_to_look(views: tuple[str, ...], told: str) -> None:
    evidence = tuple(Evidence(code="ID01", view=view) for view in views)

    line = line_of(access(Kind.PULL, evidence=evidence), language=languages()["zh-CN"])

    assert line.title == WHO + told


def test_what_the_catalogue_has_lost_is_shown_as_it_came() -> None:
    evidence = (Evidence(code="ZZ99", view="full", fields=("b", "a")), Evidence(code="ID01"))
    on = On(item="lost-item", purpose="lost-purpose", case_no=CASE)
    found = access(Kind.PULL, basis=Basis.CONSENT, evidence=evidence, on=on)

    line = line_of(found, language=languages()["en"])
    view = access_view(found, language=languages()["en"])

    assert "ZZ99, Resident identity card" in line.title
    assert line.seen[0].fields == ("a", "b")
    facts = {one.label: one.value for one in view.facts}
    assert (facts["Matter"], facts["Used for"]) == ("lost-item", "lost-purpose")
    assert facts["Which papers"] == "ZZ99 · full content\na, b\nResident identity card"


def test_a_duty_names_its_article() -> None:
    found = access(Kind.PULL, basis=Basis.DUTY, article="《社会保险法》第57条")

    line = line_of(found, language=languages()["zh-CN"])

    assert line.basis == "依法定职责，《社会保险法》第57条"


def test_an_entry_without_evidence_or_department_still_makes_a_sentence() -> None:
    found = access(Kind.DEPOSIT, by=By(), evidence=())

    line = line_of(found, language=languages()["zh-CN"])

    assert line.title == "部门存入了材料"


def test_a_system_is_named_beside_its_department() -> None:
    plain = access(Kind.CASE_OPEN, on=On(item=ITEM))
    found = Access(
        entry=plain.entry,
        index=plain.index,
        number=plain.number,
        department=plain.department,
        client=client("licensing"),
    )

    view = access_view(found, language=languages()["en"])

    assert view.facts[0].value == (
        "Demo District Market Regulation (simulated)\nSystem: Licensing system"
    )
    assert told_of(plain.entry).icon == "file"
