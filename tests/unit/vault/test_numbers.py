from datetime import date

import pytest

from tests.support.crypto import new_keyring
from vault.crypto.keyring import Keyring
from vault.crypto.keys import WrappedKey
from vault.errors import InvalidInputError, KeyUnavailableError
from vault.holders import HolderKind
from vault.identifiers import IdentifierError, IdentifierKind, parse, to_resident_id
from vault.numbers import SPACE_KINDS, NumberIndex, holder_kind, key_name, number_of

TODAY = date(2026, 11, 24)
PERSON = parse(IdentifierKind.RESIDENT_ID, "11010519000101001X", today=TODAY)
FIRM = parse(IdentifierKind.USCC, "91110105PDY00001XG", today=TODAY)


def index_keys() -> tuple[Keyring, list[WrappedKey]]:
    ring, _ = new_keyring()
    return ring, [ring.new_service_key(key_name(kind)) for kind in SPACE_KINDS]


def new_index() -> NumberIndex:
    ring, rows = index_keys()
    return NumberIndex.load(ring, rows=rows)


def test_a_number_has_the_same_hash_each_time_and_another_in_another_vault() -> None:
    ring, rows = index_keys()

    found = NumberIndex.load(ring, rows=rows).of(PERSON)

    assert found == NumberIndex.load(ring, rows=reversed(rows)).of(PERSON)
    assert [(one.kind, len(one.index), one.key_version) for one in found] == [
        (IdentifierKind.RESIDENT_ID, 32, 1)
    ]
    assert found != new_index().of(PERSON)


def test_an_organisation_is_found_by_the_code_inside_its_code() -> None:
    ring, rows = index_keys()
    index = NumberIndex.load(ring, rows=rows)
    inner = parse(IdentifierKind.ORGANISATION_CODE, "PDY00001X", today=TODAY)

    found = index.of(FIRM)

    assert [one.kind for one in found] == [IdentifierKind.USCC, IdentifierKind.ORGANISATION_CODE]
    assert found[1:] == index.of(inner)


def test_the_newest_key_is_used() -> None:
    ring, rows = index_keys()
    newer = ring.new_service_key(key_name(IdentifierKind.RESIDENT_ID), version=2)

    found = NumberIndex.load(ring, rows=[newer, *rows]).of(PERSON)

    assert [one.key_version for one in found] == [2]
    assert found != NumberIndex.load(ring, rows=rows).of(PERSON)


def test_a_missing_key_stops_the_start() -> None:
    ring, rows = index_keys()

    with pytest.raises(KeyUnavailableError):
        NumberIndex.load(ring, rows=rows[1:])


def test_a_number_that_keys_no_space_is_refused() -> None:
    mobile = parse(IdentifierKind.MOBILE_CN, "13000000000", today=TODAY)

    with pytest.raises(InvalidInputError) as refusal:
        new_index().of(mobile)

    assert refusal.value.field == "type"


def test_an_old_number_is_read_as_the_one_that_replaced_it() -> None:
    legacy = parse(IdentifierKind.RESIDENT_ID_LEGACY, "110105000101001", today=TODAY)

    found = number_of("resident_id_15_legacy", "110105000101001", today=TODAY)

    assert found == parse(IdentifierKind.RESIDENT_ID, to_resident_id(legacy), today=TODAY)
    assert found == number_of("resident_id_18", found.value, today=TODAY)


@pytest.mark.parametrize("kind", ["", "passport", "mobile_cn", "electronic_licence_id"])
def test_a_kind_that_keys_no_space_is_refused(kind: str) -> None:
    value = "13000000000" if kind == "mobile_cn" else "x"

    with pytest.raises(InvalidInputError):
        number_of(kind, value, today=TODAY)


def test_a_known_kind_that_keys_no_space_says_so() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        number_of("mobile_cn", "13000000000", today=TODAY)

    assert (type(refusal.value), refusal.value.field) == (InvalidInputError, "type")


def test_a_wrong_check_digit_is_named() -> None:
    with pytest.raises(IdentifierError):
        number_of("resident_id_18", "110105190001010011", today=TODAY)


def test_persons_and_organisations_are_told_apart_by_their_numbers() -> None:
    assert (holder_kind(PERSON), holder_kind(FIRM)) == (
        HolderKind.PERSON,
        HolderKind.ORGANISATION,
    )
