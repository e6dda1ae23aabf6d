from typing import TYPE_CHECKING

from policies.catalogue import catalogue
from policies.scopes import View
from vault.showing import shown

if TYPE_CHECKING:
    from vault.records import FieldValue

ID_CARD = catalogue()["ID01"]
MARRIAGE = next(kind for kind in catalogue().values() if "spouse_name" in kind.fields)


def test_verify_shows_no_field() -> None:
    name = next(iter(ID_CARD.fields))

    assert shown(ID_CARD, {name: "张小满"}, view=View.VERIFY, granted=frozenset({name})) == {}


def test_only_granted_fields_of_the_catalogue_are_shown_in_its_order() -> None:
    fields = dict.fromkeys(reversed(list(ID_CARD.fields)), "值") | {"unknown": "值"}
    first, second, *_ = ID_CARD.fields

    found = shown(
        ID_CARD, fields, view=View.FULL, granted=frozenset({second, first, "unknown", "absent"})
    )

    assert list(found.items()) == [(first, "值"), (second, "值")]


def test_a_summary_is_masked() -> None:
    masks = {field.mask: name for name, field in ID_CARD.fields.items()}
    name, number = masks["name"], masks["document_number"]
    fields: dict[str, FieldValue] = {name: "张小满", number: "11010519000101001X"}

    assert shown(ID_CARD, fields, view=View.SUMMARY, granted=frozenset(fields)) == {
        name: "张**",
        number: "1****************X",
    }


def test_another_person_is_masked_in_every_view() -> None:
    fields: dict[str, FieldValue] = {"spouse_name": "李示例"}
    granted = frozenset(fields)

    assert {
        view: shown(MARRIAGE, fields, view=view, granted=granted)
        for view in (View.SUMMARY, View.FULL)
    } == {view: {"spouse_name": "李**"} for view in (View.SUMMARY, View.FULL)}


def test_numbers_are_hidden_whole_and_lists_item_by_item() -> None:
    masks = {field.mask: name for name, field in ID_CARD.fields.items()}
    name, number = masks["name"], masks["document_number"]
    fields: dict[str, FieldValue] = {name: ("张小满", "李示例"), number: 42}

    assert shown(ID_CARD, fields, view=View.SUMMARY, granted=frozenset(fields)) == {
        name: ("张**", "李**"),
        number: "***",
    }


def test_public_values_are_shown_in_a_summary() -> None:
    kind, name = next(
        (kind, name)
        for kind in catalogue().values()
        for name, field in kind.fields.items()
        if field.mask == "public"
    )

    assert shown(kind, {name: 7}, view=View.SUMMARY, granted=frozenset({name})) == {name: 7}
