import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import InvalidInputError
from vault.identifiers import (
    SENTENCES,
    IdentifierError,
    IdentifierKind,
    Reason,
    normalise_ui,
    parse,
    to_resident_id,
)
from vault.identifiers.case_numbers import check_case_number, make_case_number
from vault.identifiers.checks import mrz_check
from vault.identifiers.synthetic import is_synthetic, synthetic_resident_id, synthetic_uscc

Row = dict[str, Any]

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors/id_vectors.json").read_text("utf-8")
)
TODAY = date.fromisoformat(VECTORS["meta"]["reference_date"])


def outcome(kind: IdentifierKind, text: str) -> Reason | str:
    try:
        parse(kind, text, today=TODAY)
    except IdentifierError as refusal:
        return refusal.reason
    return "parsed"


def rows(which: str) -> list[Any]:
    return [
        pytest.param(kind, row, id=f"{kind.value}-{number}")
        for kind in IdentifierKind
        for number, row in enumerate(VECTORS[kind.value][which])
    ]


@pytest.mark.parametrize(("kind", "row"), rows("valid"))
def test_a_valid_number_is_parsed_into_what_it_says(kind: IdentifierKind, row: Row) -> None:
    found = parse(kind, row["input"], today=TODAY)

    assert found.value == row["input"]
    assert {name: found.parts[name] for name in row["parsed"]} == row["parsed"]


@pytest.mark.parametrize(("kind", "row"), rows("invalid"))
def test_an_invalid_number_is_refused_for_its_first_failure(
    kind: IdentifierKind, row: Row
) -> None:
    with pytest.raises(IdentifierError) as refusal:
        parse(kind, row["input"], today=TODAY)

    assert refusal.value.reason == Reason(row["reason"])


@pytest.mark.parametrize(("kind", "row"), rows("invalid"))
def test_what_a_person_types_is_brought_to_the_strict_form(kind: IdentifierKind, row: Row) -> None:
    if "ui_normalises_to" in row:
        assert normalise_ui(row["input"]) == row["ui_normalises_to"]


@pytest.mark.parametrize("row", VECTORS["passport_cn"]["mrz_check_digits"])
def test_machine_readable_fields_have_their_check_digit(row: Row) -> None:
    assert mrz_check(row["field"]) == row["check"]


@given(kind=st.sampled_from(IdentifierKind), text=st.text(max_size=90))
def test_arbitrary_text_is_refused_with_a_reason_and_nothing_else(
    kind: IdentifierKind, text: str
) -> None:
    assert outcome(kind, text) in {*SENTENCES, "parsed"}


@given(
    number=st.integers(0, 2_000_000),
    place=st.integers(0, 17),
    character=st.sampled_from("0123456789X"),
)
def test_one_changed_character_of_a_resident_id_is_noticed(
    number: int, place: int, character: str
) -> None:
    value = synthetic_resident_id(number)
    changed = value[:place] + character + value[place + 1 :]

    if changed != value:
        with pytest.raises(IdentifierError):
            parse(IdentifierKind.RESIDENT_ID, changed, today=TODAY)


@given(text=st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_ui(text)

    assert normalise_ui(once) == once


@given(number=st.integers(0, 2_000_000))
def test_made_up_people_are_valid_and_known_as_made_up(number: int) -> None:
    found = parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(number), today=TODAY)

    assert is_synthetic(found)


@given(number=st.integers(1, 99_999))
def test_made_up_organisations_are_valid_and_known_as_made_up(number: int) -> None:
    found = parse(IdentifierKind.USCC, synthetic_uscc(number), today=TODAY)

    assert is_synthetic(found)


@pytest.mark.parametrize("authority", ["11110105PDY002015W4000131001000", "11110105PDY002015W"])
def test_a_case_number_carries_its_authority_and_day_and_checks(authority: str) -> None:
    made = make_case_number(authority, day=TODAY, random=lambda n: b"\xff\x05"[-n:])

    assert len(made) == 44
    assert made.startswith(authority + "261122")
    assert check_case_number(made) == made


def test_the_repr_of_a_number_does_not_show_it() -> None:
    found = parse(IdentifierKind.RESIDENT_ID, "11010519000101001X", today=TODAY)

    assert "11010519000101001X" not in repr(found)


def test_a_15_digit_number_gets_its_century_and_check() -> None:
    legacy = parse(IdentifierKind.RESIDENT_ID_LEGACY, "110105000101001", today=TODAY)

    assert to_resident_id(legacy) == "11010519000101001X"


@pytest.mark.parametrize("text", ["", "x" * 44, "11110105PDY002015W261122" + "0" * 20])
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_case_number(text)

    assert refusal.value.field == "case"


def test_a_byte_that_would_favour_some_characters_is_drawn_again() -> None:
    drawn = iter([255, 252, *range(40)])

    made = make_case_number("11110105PDY002015W", day=TODAY, random=lambda _: bytes([next(drawn)]))

    assert made[24:43] == "0123456789ABCDEFGHI"
