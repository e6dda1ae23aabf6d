"""Items, purposes, laws and departments: shipped data, cross-references, and strict reading."""

from typing import Any

import pytest

from policies.catalogue import catalogue
from policies.departments import departments, parse_departments
from policies.errors import CatalogueError
from policies.items import Consequence, Necessity, items, parse_items, service_item
from policies.laws import legal_bases, parse_laws
from policies.purposes import parse_purposes, purposes
from policies.scopes import View
from policies.toml import Table, read

FOOD = "11110105PDY001012C4000131020100"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def inner_check(body: str) -> str:
    """GB 11714: the check character of an organisation code."""
    total = sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0X987654321"[total % 11]


def outer_check(first: str) -> str:
    """GB 32100: the check character of a unified social credit code."""
    total = sum(ALPHABET.index(c) * 3**i for i, c in enumerate(first))
    return ALPHABET[-total % 31]


def test_department_codes_are_synthetic_and_carry_both_check_characters() -> None:
    for code in departments():
        assert code.startswith("11110105PDY")
        assert (code[16], code[17]) == (inner_check(code[8:16]), outer_check(code[:17]))


def test_every_item_belongs_to_a_department_and_every_issuer_is_known() -> None:
    issued = {code for one in departments().values() for code in one.issues}
    needed = {code for item in items().values() for code in item.requirements}

    assert {item.department for item in items().values()} <= departments().keys()
    assert {code for code in needed - issued if catalogue()[code].trust_grade == "A"} == set()


def test_the_food_licence_asks_for_few_fields_and_leaves_a_choice() -> None:
    item = service_item(FOOD)

    assert item.applicants == {"person"}
    assert item.result == "LC09"
    assert item.requirements["ID01"].fields == ("name", "id_number", "valid_to")
    assert item.requirements["SR05"].view is View.VERIFY
    assert {
        code for code, one in item.requirements.items() if one.necessity is Necessity.EITHER_OR
    } == {"LC04", "MT04"}


def test_both_persons_and_organisations_find_an_item() -> None:
    assert {kind for item in items().values() for kind in item.applicants} == {
        "person",
        "organisation",
    }


def test_an_unknown_item_is_refused() -> None:
    with pytest.raises(CatalogueError, match="no such service item"):
        service_item("none")


def test_consequences_have_words_in_both_languages() -> None:
    assert [c.en for c in Consequence] == [
        "no effect",
        "still decidable",
        "slower",
        "not possible unless brought another way",
    ]
    assert [c.zh for c in Consequence] == [
        "不受影响",
        "仍可办理",
        "办理会变慢",
        "须用其他方式提供后才能办理",
    ]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"scheme": "own-made"}, "the code is of its scheme"),
        ({"department": "11110105PDY0010207"}, "the department is known"),
        ({"department": "11110105PDY00001XG"}, "the department is known"),
        ({"applicants": []}, "who applies"),
        ({"applicants": ["ghost"]}, "who applies"),
        ({"applicants": ["organisation"]}, "an applicant can hold it"),
        ({"purposes": ["curiosity"]}, "a known purpose"),
        ({"purposes": []}, "a known purpose"),
        ({"legal_bases": ["custom"]}, "a known law"),
        ({"legal_bases": []}, "a known law"),
        ({"promised_days": 21}, "promised is at most statutory"),
        ({"promised_days": 0}, "promised is at most statutory"),
        ({"promised_days": "10"}, "promised_days is not a int"),
        ({"result": "CR07"}, "CR07 is not offered"),
        ({"weather": "fine"}, "unknown keys: weather"),
        ({"zh": None}, "lacks zh"),
        ({"requirements": []}, "requirements is empty"),
    ],
)
def test_a_malformed_item_is_refused(keys: dict[str, Any], rule: str) -> None:
    plain = read("items.toml")
    merged = plain[FOOD] | keys
    plain[FOOD] = {key: value for key, value in merged.items() if value is not None}

    with pytest.raises(CatalogueError, match=rule):
        parse_items(plain)


@pytest.mark.parametrize(
    "code",
    [
        "11110105PDY001012C8000131020100",
        "11110105PDY001012C4990131020100",
        "11110105PDY001012C4001131020100",
        "11110105PDY001012C400013102010",
        "11110105PDY001012C40001310201000",
        "11110105PDY001012C4000131020100\n",
    ],
)
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(CatalogueError, match="the code is of its scheme"):
        parse_items({code: read("items.toml")[FOOD]})


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"evidence": "ID08"}, "ID08 is not offered"),
        ({"evidence": "ID99"}, "ID99 is not offered"),
        ({"view": "everything"}, "a view is verify"),
        ({"evidence": "SR05"}, "the view is permitted for the type"),
        ({"fields": ["shoe_size"]}, "the fields are in the catalogue"),
        ({"fields": ["name", "name"]}, "fields is not a list of different texts"),
        ({"fields": []}, "verify takes no fields"),
        ({"view": "verify"}, "verify takes no fields"),
        ({"group": "one"}, "groups"),
        ({"necessity": "either_or"}, "groups"),
        ({"necessity": "either_or", "group": "alone"}, "a choice has two sides"),
        ({"necessity": "nice"}, "no such necessity or consequence"),
        ({"without": "unclear"}, "no such necessity or consequence"),
        ({"without": "none"}, "what is needed is missed"),
        ({"necessity": "optional"}, "optional means it"),
        ({"legal_basis": "custom"}, "a proof is demanded by law"),
        ({"lowest_trust": "E"}, "the grade is A to D"),
        ({"other_way_zh": ""}, "other_way_zh is not a str"),
        ({"colour": "red"}, "unknown keys: colour"),
    ],
)
def test_a_malformed_requirement_is_refused(keys: dict[str, Any], rule: str) -> None:
    plain = read("items.toml")
    plain[FOOD]["requirements"][0] |= keys

    with pytest.raises(Exception, match=rule) as refusal:
        parse_items(plain)
    assert type(refusal.value).__mro__[1].__name__ == "PolicyError"


def test_evidence_required_twice_is_refused() -> None:
    plain = read("items.toml")
    plain[FOOD]["requirements"].append(plain[FOOD]["requirements"][0])

    with pytest.raises(CatalogueError, match="an evidence type is required once"):
        parse_items(plain)


def test_every_law_and_purpose_reads_in_both_languages() -> None:
    for law in legal_bases().values():
        assert law.law_zh.startswith("《")
        assert law.article_zh.startswith("第")
        assert (law.law_en + law.article_en + law.en).isascii()
    assert all(purpose.en.isascii() for purpose in purposes().values())


def test_a_retention_out_of_range_is_refused() -> None:
    for days in (0, 1099):
        with pytest.raises(CatalogueError, match="the retention is out of range"):
            parse_purposes({"one": {"zh": "一", "en": "One", "max_retention_days": days}})


def test_a_malformed_law_is_refused() -> None:
    with pytest.raises(CatalogueError, match="pipl-23 lacks law_zh"):
        parse_laws({"pipl-23": {"law_en": "Law"}})


@pytest.mark.parametrize(
    ("code", "issues", "rule"),
    [
        ("11110105PDY001012", ["ID01"], "18 characters"),
        ("11110105PDY001012C", ["ID08"], "issues what is not offered"),
        ("11110105PDY001012C", ["ID99"], "issues what is not offered"),
    ],
)
def test_a_malformed_department_is_refused(code: str, issues: list[str], rule: str) -> None:
    with pytest.raises(CatalogueError, match=rule):
        parse_departments({code: {"zh": "一", "en": "One", "issues": issues}})


def test_a_data_file_that_is_not_toml_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"__init__\.py is not TOML"):
        read("../__init__.py")


def test_a_table_hands_out_what_may_be_absent() -> None:
    table = Table({"a": "x"}, where="one")

    assert (table.maybe("a", str), table.maybe("b", str)) == ("x", None)
    table.done()
