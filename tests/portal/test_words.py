"""States, validity and values in words."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from api.portal.language import Language, languages
from api.portal.numbers import advice
from api.portal.values import facts_of
from api.portal.views import Badge, Fact, Tone
from api.portal.words import ends, evidence_name, group_word, head_badge, validity
from policies.catalogue import catalogue
from policies.scopes import GROUPS
from tests.support.oauth_world import SPACE
from vault.identifiers import IdentifierError, Reason
from vault.ids import DepartmentId, RecordId
from vault.records import FieldValue, RecordHead, RecordStatus, TrustGrade

CHINESE, ENGLISH = languages().values()
BOTH = pytest.mark.parametrize("language", [CHINESE, ENGLISH], ids=lambda one: one.code)
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
HEAD = RecordHead(
    space=SPACE,
    record_id=RecordId(bytes(16)),
    version=1,
    payload_version=1,
    code="ID01",
    department_id=DepartmentId(bytes(16)),
    status=RecordStatus.VALID,
    trust_grade=TrustGrade.A,
    valid_from=None,
    valid_to=None,
    served_until=None,
    updated_at_ms=0,
)


@pytest.mark.parametrize(
    ("since", "until", "word", "tone"),
    [
        (None, None, "有效", Tone.GOOD),
        (TODAY, TODAY + 61 * DAY, "有效", Tone.GOOD),
        (TODAY + DAY, None, "还没生效", Tone.CARE),
        (None, TODAY + 60 * DAY, "快到期", Tone.CARE),
        (None, TODAY, "快到期", Tone.CARE),
        (None, TODAY - DAY, "已过期", Tone.BAD),
    ],
)
def test_a_valid_record_is_judged_by_its_days(
    since: date | None, until: date | None, word: str, tone: Tone
) -> None:
    head = replace(HEAD, valid_from=since, valid_to=until)

    assert head_badge(head, day=TODAY, language=CHINESE) == Badge(text=word, tone=tone)


@BOTH
@pytest.mark.parametrize("status", RecordStatus)
def test_every_state_has_a_word(status: RecordStatus, language: Language) -> None:
    badge = head_badge(replace(HEAD, status=status), day=TODAY, language=language)

    assert badge.text
    assert (badge.tone is Tone.GOOD) == (status is RecordStatus.VALID)


@pytest.mark.parametrize(
    ("since", "until", "zh", "en"),
    [
        (None, None, "长期有效", "Valid without end"),
        (TODAY, None, "2026年11月24日 起，长期有效", "From 24 November 2026, without end"),
        (None, TODAY, "有效期到 2026年11月24日", "Valid until 24 November 2026"),
        (TODAY, TODAY, "2026年11月24日 到 2026年11月24日", "24 November 2026 to 24 November 2026"),
    ],
)
def test_validity_is_one_line(since: date | None, until: date | None, zh: str, en: str) -> None:
    head = replace(HEAD, valid_from=since, valid_to=until)

    assert (validity(head, language=CHINESE), validity(head, language=ENGLISH)) == (zh, en)


def test_a_list_tells_the_end_alone() -> None:
    ended = replace(HEAD, valid_from=TODAY, valid_to=TODAY)

    assert (ends(HEAD, language=CHINESE), ends(ended, language=CHINESE)) == (
        "长期有效",
        "有效期到 2026年11月24日",
    )


@BOTH
def test_every_group_and_every_type_has_a_name(language: Language) -> None:
    assert all(group_word(group, language) for group in GROUPS)
    assert all(evidence_name(code, language) != code for code in catalogue())


@BOTH
@pytest.mark.parametrize("reason", Reason)
def test_every_fault_of_a_number_has_a_sentence(reason: Reason, language: Language) -> None:
    told = advice(IdentifierError(reason), kind="uscc", typed="x" * 17, language=language)

    assert told.endswith(language.pick("。", "."))
    assert told[0] == told[0].upper()
    assert reason.value not in told


@pytest.mark.parametrize(
    ("code", "name", "value", "zh", "en"),
    [
        ("ID01", "birth_date", "1900-01-02", "1900年1月2日", "2 January 1900"),
        ("ID01", "birth_date", "1900", "1900", "1900"),  # Masked: the year alone.
        ("ID01", "portrait", "file:2", "见附件 2", "See attachment 2"),
        ("LC05", "points", 0, "0", "0"),
        ("SR03", "start_month", "2026-01", "2026-01", "2026-01"),
        (
            "CR01",
            "generated_at",
            "2026-11-24T06:20:00Z",
            "2026年11月24日 14:20",
            "24 November 2026, 14:20",
        ),
    ],
)
def test_a_value_is_written_for_people(
    code: str, name: str, value: FieldValue, zh: str, en: str
) -> None:
    shown = [facts_of(code, {name: value}, language=one)[0].value for one in (CHINESE, ENGLISH)]

    assert shown == [zh, en]


def test_yes_no_and_lists_are_words() -> None:
    kinds = {
        (code, name): field.kind.value
        for code, kind in catalogue().items()
        for name, field in kind.fields.items()
    }
    boolean = next(at for at, kind in kinds.items() if kind == "boolean")
    listed = next(at for at, kind in kinds.items() if kind == "list")

    def written(at: tuple[str, str], value: FieldValue, language: Language) -> str:
        return facts_of(at[0], {at[1]: value}, language=language)[0].value

    assert [written(boolean, yes, CHINESE) for yes in (True, False)] == ["是", "否"]
    assert [written(boolean, yes, ENGLISH) for yes in (True, False)] == ["Yes", "No"]
    assert written(listed, ("甲", "乙"), CHINESE) == "甲、乙"
    assert written(listed, ("a", "b"), ENGLISH) == "a, b"


def test_a_number_is_hidden_first_unless_it_is_to_be_seen() -> None:
    fields = {"id_number": "110105190001020031", "name": "王示例"}

    hidden = facts_of("ID01", fields, language=ENGLISH)
    shown = facts_of("ID01", fields, language=ENGLISH, hide=False)

    assert hidden == (
        Fact(label="Name", value="王示例"),
        Fact(label="ID number", value="110105190001020031", hidden="1" + "*" * 16 + "1"),
    )
    assert [one.hidden for one in shown] == ["", ""]
