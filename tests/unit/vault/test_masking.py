from datetime import date

import pytest

from policies.catalogue import catalogue
from vault.identifiers import IdentifierKind, parse
from vault.masking import MASKS, mask_identifier

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("name", "张小满", "张**"),
        ("name", "欧阳", "欧**"),
        ("name", "", ""),
        ("other_person_name", "李示例", "李**"),
        ("document_number", "11010519000101001X", "1****************X"),
        ("document_number", "ABC", "A*C"),
        ("document_number", "AB", "**"),
        ("document_number", "", ""),
        ("mobile", "13000000000", "130****0000"),
        ("mobile", "+8613000000000", "130****0000"),
        ("mobile", "1300000000", "**********"),
        ("account", "6200000000001234", "************1234"),
        ("account", "12345", "*2345"),
        ("account", "1234", "****"),
        ("birth_date", "1900-01-01", "1900"),
        ("address", "示范省示范市示范区示范路1号", "示范省示范市示范区***"),
        ("address", "示范省示范县示范区3号", "示范省示范县***"),
        ("address", "示范自治区示范市示范旗2号", "示范自治区示范市示范旗***"),
        ("address", "示范省示范市示范路1号", "示范省示范市***"),
        ("address", "示范路1号", "***"),
        ("email", "zhang@example.org", "z***@example.org"),
        ("email", "zhang", "***"),
        ("starred", "11010519000101001X", "******************"),
        ("public", "91110105PDY00001XG", "91110105PDY00001XG"),
    ],
)
def test_a_value_is_shown_masked(mask: str, value: str, shown: str) -> None:
    assert MASKS[mask](value) == shown


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (IdentifierKind.RESIDENT_ID, "11010519000101001X", "1****************X"),
        (IdentifierKind.USCC, "91110105PDY00001XG", "91110105PDY00001XG"),
        (IdentifierKind.ORGANISATION_CODE, "PDY00001X", "PDY00001X"),
        (IdentifierKind.MOBILE_CN, "13000000000", "130****0000"),
    ],
)
def test_a_persons_number_is_masked_and_an_organisations_is_public(
    kind: IdentifierKind, value: str, shown: str
) -> None:
    assert mask_identifier(parse(kind, value, today=TODAY)) == shown


def test_every_field_of_the_catalogue_has_a_mask() -> None:
    masks = {field.mask for kind in catalogue().values() for field in kind.fields.values()}

    assert masks <= set(MASKS)
