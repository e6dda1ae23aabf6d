"""Sensitive evidence takes a tick of its own, and other people stay masked."""

from typing import Any

import pytest

from api.consent_page import Chosen, ConsentPage, EvidenceShown, FieldShown, Text
from api.portal.asked import (
    Answer,
    Looked,
    answers_of,
    choice_of,
    missing,
    request_view,
)
from api.portal.door import Form
from api.portal.language import languages
from policies.scopes import View

CHINESE, ENGLISH = languages().values()
NOW = 1_795_000_000


def evidence(code: str, level: int, **changes: Any) -> EvidenceShown:  # noqa: ANN401 - any attribute
    plain: dict[str, Any] = {
        "code": code,
        "label": Text("户口簿", "Household register"),
        "issuer": Text("公安", "Police"),
        "level": level,
        "record_id": None,
        "status": "",
        "updated_at_ms": None,
        "views": (View.VERIFY, View.FULL),
        "fields": (
            FieldShown(name="head_name", label=Text("户主姓名", "Head"), other_person=True),
            FieldShown(name="address", label=Text("住址", "Address"), other_person=False),
        ),
        "necessity": Text("可选", "Optional"),
        "legal": Text("法", "Law"),
        "other_way": Text("窗口", "Window"),
    }
    return EvidenceShown(**(plain | changes))


def page(*shown: EvidenceShown, uses: int | None = None) -> ConsentPage:
    return ConsentPage(
        interaction_id=bytes(16),
        department=Text("部门", "Department"),
        department_contact="010-00000000",
        privacy_officer="privacy@example.org",
        client=Text("系统", "System"),
        item=Text("事项", "Item"),
        case_no="11110105PDY001012C4000131020100261124072193",
        purpose=Text("用途", "Purpose"),
        note="为什么",
        legal=Text("法", "Law"),
        evidence=shown,
        starts_at=NOW,
        ends_at=NOW + 60,
        uses=uses,
        retention_days=1,
        refusal=Text("拒绝", "Refuse"),
        withdrawal=Text("撤回", "Revoke"),
        rights=Text("权利", "Rights"),
        locale="zh-CN",
        redirect_origin="https://client.example.org",
        expires_at=NOW + 125,
    )


SENSITIVE = page(evidence("LC08", 4))


@pytest.mark.parametrize(
    ("answer", "open_"),
    [
        (Answer(give="full"), True),
        (Answer(give="verify"), True),
        (Answer(give="full", separately=True), False),
        (Answer(), True),
        (Answer(separately=True), True),
    ],
    ids=str,
)
def test_sensitive_evidence_takes_a_tick_of_its_own(answer: Answer, *, open_: bool) -> None:
    found = missing(SENSITIVE, {"LC08": answer}, CHINESE)

    assert ("LC08" in found) == open_
    assert ("" in found) == open_


def test_the_tick_is_asked_for_and_stays() -> None:
    sent = Form(values={"give-LC08": ("full",), "separately-LC08": ("yes",)})
    looked = Looked(answers=answers_of(SENSITIVE, sent))

    view = request_view(SENSITIVE, looked, action="/x", language=CHINESE, now_ms=NOW * 1000)

    [item] = view.items
    assert (item.sensitive, item.agreed) == (True, True)
    plain = page(evidence("ID02", 3))
    [other] = request_view(plain, Looked(), action="/x", language=CHINESE, now_ms=NOW * 1000).items
    assert (other.sensitive, other.agreed) == (False, False)


def test_what_is_about_somebody_else_is_said_to_stay_masked() -> None:
    views = [
        request_view(SENSITIVE, Looked(), action="/x", language=one, now_ms=NOW * 1000)
        for one in (CHINESE, ENGLISH)
    ]

    assert [view.items[0].fields for view in views] == [
        ("户主姓名（别人的信息，始终遮盖）", "住址"),
        ("Head (about somebody else: always masked)", "Address"),
    ]


def test_what_is_kept_back_is_not_in_the_choice_and_unknown_fields_are_nothing() -> None:
    sent = Form(values={"give-LC08": ("full",), "without-LC08": ("head_name", "unknown")})

    answers = answers_of(SENSITIVE, sent)

    assert answers == {"LC08": Answer(give="full", without=frozenset({"head_name"}))}
    assert choice_of(SENSITIVE, answers).evidence == {
        "LC08": Chosen(view=View.FULL, fields=frozenset({"address"}))
    }


def test_what_is_declined_is_not_in_the_choice() -> None:
    asked = page(evidence("ID02", 3), evidence("LC01", 1))

    chosen = choice_of(asked, {"ID02": Answer(give="none"), "LC01": Answer(give="verify")})

    assert chosen.evidence == {"LC01": Chosen(view=View.VERIFY, fields=frozenset())}


@pytest.mark.parametrize(
    ("uses", "zh", "en"),
    [
        (
            None,
            "办这件事需要几次就调取几次，办完为止",
            "As often as the matter needs, until it is done",
        ),
        (1, "每种材料最多调取 1 次", "Each paper once"),
        (3, "每种材料最多调取 3 次", "Each paper at most 3 times"),
    ],
)
def test_how_often_is_said_in_words(uses: int | None, zh: str, en: str) -> None:
    asked = page(evidence("ID02", 3), uses=uses)

    said = [
        request_view(asked, Looked(), action="/x", language=one, now_ms=NOW * 1000)
        for one in (CHINESE, ENGLISH)
    ]

    assert [view.uses for view in said] == [zh, en]
    assert [view.minutes for view in said] == [2, 2]


def test_a_single_field_cannot_be_left_out_by_itself() -> None:
    only = FieldShown(name="address", label=Text("住址", "Address"), other_person=False)
    asked = page(evidence("ID02", 3, fields=(only,)))

    [item] = request_view(asked, Looked(), action="/x", language=CHINESE, now_ms=NOW * 1000).items

    assert item.leave_out == ()
