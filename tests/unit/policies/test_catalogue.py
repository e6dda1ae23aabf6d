"""The evidence catalogue as shipped, and how strictly it is read."""

import copy
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import (
    EvidenceType,
    HolderKinds,
    catalogue,
    evidence_type,
    parse_group,
    type_of_scope,
)
from policies.errors import CatalogueError
from policies.fields import MASKS, Field, Kind, parse_field
from policies.scopes import EvidenceScope, View
from policies.toml import Table, read

CARD = {
    "name": "张三丰",
    "sex": "男",
    "ethnicity": "汉",
    "birth_date": "1900-01-01",
    "domicile_address": "示范省示范市一号",
    "id_number": "11010519000101001X",
    "issuing_authority": "示范区公安分局（模拟）",
    "valid_from": "2020-01-01",
}


def test_forty_one_types_are_loaded_and_thirty_offered() -> None:
    kinds = catalogue().values()

    assert len(kinds) == 41
    assert sum(kind.offered for kind in kinds) == 30
    assert Counter(kind.group for kind in kinds) == {
        "identity": 8,
        "licence": 13,
        "credit": 7,
        "service_result": 6,
        "material": 7,
    }


def test_every_mask_and_kind_is_known_and_all_kinds_are_used() -> None:
    fields = [field for kind in catalogue().values() for field in kind.fields.values()]

    assert {field.mask for field in fields} <= MASKS
    assert {field.kind for field in fields} == set(Kind)


def test_everything_has_a_name_in_both_languages() -> None:
    for kind in catalogue().values():
        named = [(kind.name_zh, kind.name_en), (kind.issuer_zh, kind.issuer_en)]
        for zh, en in [*named, *((f.zh, f.en) for f in kind.fields.values())]:
            assert re.search("[\u4e00-\u9fff]", zh), zh
            assert en.isascii(), en


def test_no_field_of_another_person_is_shown_as_it_is() -> None:
    for kind in catalogue().values():
        for field in kind.fields.values():
            assert not field.other_person or (kind.two_subject and field.mask != "public")


def test_numbers_of_people_and_banks_are_masked() -> None:
    masks = {
        (code, name): field.mask
        for code, kind in catalogue().items()
        for name, field in kind.fields.items()
    }

    assert {masks[key] for key in masks if key[1] == "id_number"} == {"document_number"}
    assert masks["LC07", "bank_account_no"] == "account"
    assert masks["ID07", "spouse_name"] == "other_person_name"
    assert masks["ID07", "spouse_id_number"] == "starred"
    assert masks["LC01", "legal_representative"] == "public"


def test_no_criminal_record_can_only_be_verified() -> None:
    kind = evidence_type("SR05")

    assert kind.views == {View.VERIFY}
    assert type_of_scope(EvidenceScope.parse("ev:service_result:no_criminal_record")) is kind
    with pytest.raises(CatalogueError, match="no such evidence type in that view"):
        type_of_scope(EvidenceScope.parse("ev:service_result:no_criminal_record:full"))


def test_each_type_is_found_by_its_scopes() -> None:
    for kind in catalogue().values():
        for view in kind.views:
            assert type_of_scope(EvidenceScope.parse(str(kind.scope(view)))) is kind


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(CatalogueError, match="no such evidence type"):
        evidence_type("ID99")
    with pytest.raises(CatalogueError, match="no such evidence type"):
        type_of_scope(EvidenceScope.parse("ev:identity:library_card"))


def test_a_payload_comes_back_in_the_order_of_the_catalogue() -> None:
    payload = dict(reversed(CARD.items()))

    found = evidence_type("ID01").validate(payload, issuing=True)

    assert list(found.items()) == list(CARD.items())


def test_a_missing_field_is_refused_on_issue_alone() -> None:
    payload = {name: value for name, value in CARD.items() if name != "sex"}

    with pytest.raises(CatalogueError, match="sex is required on issue") as refusal:
        evidence_type("ID01").validate(payload, issuing=True)
    assert refusal.value.field == "sex"
    assert evidence_type("ID01").validate(payload, issuing=False) == payload


@pytest.mark.parametrize(("name", "shown"), [("shoe_size", "shoe_size"), ("<b>", "?"), ("", "?")])
def test_an_unknown_field_is_refused_and_named_only_if_that_is_safe(name: str, shown: str) -> None:
    with pytest.raises(CatalogueError, match="ID01 has no such field") as refusal:
        evidence_type("ID01").validate(CARD | {name: "x"}, issuing=True)
    assert refusal.value.field == shown


def test_a_payload_above_one_mebibyte_is_refused() -> None:
    fields = {
        f"f{n}": parse_field(line(name=f"f{n}", kind="list", max_length=5000)) for n in range(3)
    }
    kind = small_type(fields)

    with pytest.raises(CatalogueError, match="holds at most 1048576 bytes"):
        kind.validate(dict.fromkeys(fields, ["x" * 5000] * 100), issuing=True)
    assert kind.validate({"f0": ["x" * 5000] * 100}, issuing=False)


def small_type(fields: dict[str, Field]) -> EvidenceType:
    return EvidenceType(
        code="MT99",
        group="material",
        slug="small",
        name_zh="小",
        name_en="Small",
        holder_kind=HolderKinds.BOTH,
        issuer_zh="某",
        issuer_en="Somebody",
        national_type_code=None,
        level=2,
        views=frozenset({View.FULL}),
        validity=None,
        trust_grade="D",
        release=1,
        two_subject=False,
        fields=fields,
    )


def line(**keys: object) -> Table:
    plain = {"name": "one", "zh": "一", "en": "One", "kind": "text", "mask": "public"} | keys
    return Table({k: v for k, v in plain.items() if v is not None}, where="one")


KINDS: list[tuple[dict[str, object], list[object], list[object]]] = [
    ({"kind": "text"}, ["a\n一", "x" * 200], ["", "x" * 201, "a\x00", "a\tb", "\u202eabc", 1]),
    ({"kind": "text", "max_length": 2}, ["ab"], ["abc"]),
    ({"kind": "code"}, ["京(2024)第1号"], ["a\nb", "", "a\u2066", None, True]),
    ({"kind": "code", "pattern": "[AB]"}, ["A"], ["C", "AB", "A\n"]),
    (
        {"kind": "person_name"},
        ["张三丰", "买买提·某", "O'Neil-Smith", "Żak"],
        ["·张", "张3", "<b>"],
    ),
    ({"kind": "document_number"}, ["11010519000101001X"], ["1101x", "110 105", "\uff11\uff12"]),
    ({"kind": "date"}, ["2024-02-29"], ["2023-02-29", "2024-2-9", "20240229", "2024-02-29\n"]),
    (
        {"kind": "datetime"},
        ["2024-02-29T23:59:59+08:00", "2024-02-29T00:00:00Z"],
        ["2024-02-30T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29 00:00:00Z", "2024-02-29"],
    ),
    ({"kind": "month"}, ["2024-12"], ["2024-13", "2024-00", "0000-01", "202412"]),
    (
        {"kind": "decimal", "minimum": "0", "maximum": "10"},
        ["0", "9.99", "10.000000"],
        ["-1", "10.1", "01", "1.", ".5", "1e1", "NaN", "1.0000001", 1],
    ),
    ({"kind": "integer", "minimum": 1, "maximum": 9}, [1, 9], [0, 10, "1", True, 1.0]),
    ({"kind": "boolean"}, [True, False], [1, "true", None]),
    ({"kind": "image"}, ["file:1", "file:99"], ["file:0", "file:100", "data:x", "FILE:1"]),
    ({"kind": "digest"}, ["0" * 64], ["0" * 63, "G" * 64, "A" * 64]),
]


@pytest.mark.parametrize(("keys", "good", "bad"), KINDS)
def test_each_kind_of_field_takes_one_exact_form(
    keys: dict[str, object], good: list[object], bad: list[object]
) -> None:
    field = parse_field(line(**keys))

    assert [field.check(value) for value in good] == good
    for value in bad:
        with pytest.raises(CatalogueError) as refusal:
            field.check(value)
        assert refusal.value.field == "one"


def test_a_list_of_texts_becomes_a_tuple() -> None:
    field = parse_field(line(kind="list", max_length=2))

    assert field.check(["a", "b"]) == ("a", "b")
    for value in ("ab", [], ["abc"], [1], ["a"] * 101, {"a": "b"}):
        with pytest.raises(CatalogueError):
            field.check(value)


@given(text=st.text(max_size=20))
def test_an_error_never_holds_the_value(text: str) -> None:
    field = parse_field(line(kind="month"))
    secret = f"<{text}>"

    with pytest.raises(CatalogueError) as refusal:
        field.check(secret)

    assert str(refusal.value) in {"one is not written as a month", "one has at most 7 characters"}


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "colour"},
        {"mask": "blurred"},
        {"mask": "public", "other_person": True},
        {"name": "One"},
        {"name": None},
        {"zh": ""},
        {"en": 1},
        {"colour": "red"},
        {"max_length": 0},
        {"max_length": 100_001},
        {"max_length": True},
        {"pattern": "["},
        {"required": "yes"},
        {"kind": "integer"},
        {"kind": "integer", "minimum": 2, "maximum": 1},
        {"kind": "integer", "minimum": 1, "maximum": 2, "max_length": 3},
        {"kind": "boolean", "pattern": "x"},
        {"kind": "decimal", "minimum": 0, "maximum": 1},
        {"kind": "decimal", "minimum": "low", "maximum": "high"},
        {"kind": "text", "minimum": 1},
    ],
)
def test_a_malformed_field_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(CatalogueError):
        parse_field(line(**keys))


def test_a_field_that_says_no_more_takes_the_usual_bounds() -> None:
    usual = parse_field(line(kind="decimal", minimum="0", maximum="1.5"))

    assert usual == Field(
        name="one",
        zh="一",
        en="One",
        kind=Kind.DECIMAL,
        mask="public",
        required=True,
        max_length=24,
        pattern=usual.pattern,
        minimum=Decimal(0),
        maximum=Decimal("1.5"),
        other_person=False,
    )


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"level": 5}, "the level is 1 to 4"),
        ({"level": "3"}, "level is not a int"),
        ({"trust_grade": "E"}, "the grade is A to D"),
        ({"release": 0}, "the release is 1 or later"),
        ({"views": []}, "there is a view"),
        ({"views": ["verify", "verify"]}, "views is not a list of different texts"),
        ({"views": ["everything"]}, "a view is verify, summary or full"),
        ({"validity": "ten years"}, "ISO 8601 duration"),
        ({"holder_kind": "ghost"}, "no such kind of holder"),
        ({"slug": "Resident"}, "the slug fits a scope"),
        ({"colour": "red"}, "unknown keys: colour"),
        ({"fields": []}, "fields is empty"),
        ({"fields": ["name"]}, "is not a table"),
        ({"fields": "name"}, "fields is not a list"),
    ],
)
def test_a_malformed_type_is_refused(keys: dict[str, Any], rule: str) -> None:
    plain = read("identity.toml")
    plain["ID01"] |= keys

    with pytest.raises(Exception, match=rule) as refusal:
        parse_group(plain, group="identity")
    assert type(refusal.value).__mro__[1].__name__ == "PolicyError"


def test_a_code_of_another_group_is_refused() -> None:
    with pytest.raises(CatalogueError, match="the code is of its group"):
        parse_group(read("identity.toml"), group="licence")


def test_a_field_named_twice_is_refused() -> None:
    plain = read("identity.toml")
    plain["ID01"]["fields"].append(plain["ID01"]["fields"][0])

    with pytest.raises(CatalogueError, match="a field is named twice"):
        parse_group(plain, group="identity")


def test_a_slug_used_twice_is_refused() -> None:
    plain = read("identity.toml")
    plain["ID10"] = copy.deepcopy(plain["ID01"])

    with pytest.raises(CatalogueError, match="a slug is used twice"):
        parse_group(plain, group="identity")


def test_another_person_inside_must_be_said() -> None:
    plain = read("identity.toml")
    del plain["ID07"]["two_subject"]

    with pytest.raises(CatalogueError, match="somebody else is inside"):
        parse_group(plain, group="identity")


def test_sensitive_evidence_is_level_four() -> None:
    assert {code for code, kind in catalogue().items() if kind.sensitive} == {
        "ID08",
        "LC07",
        "LC08",
        "SR04",
        "SR05",
        "SR06",
    }
