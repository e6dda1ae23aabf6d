import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.scopes import View
from vault.consents.details import Details, EvidenceGrant
from vault.errors import IntegrityError, InvalidInputError

CODES = ("CR02", "ID01", "LC01")
FIELDS = ("holder_name", "id_number", "valid_to")

GRANTS = st.builds(
    EvidenceGrant,
    code=st.sampled_from(CODES),
    view=st.sampled_from(View),
    fields=st.frozensets(st.sampled_from(FIELDS)),
)
DETAILS = st.builds(
    lambda grants, starts_at, lasts, uses, days: Details(
        evidence={grant.code: grant for grant in grants},
        starts_at=starts_at,
        ends_at=starts_at + lasts,
        uses=uses,
        retention_days=days,
        legal_article=None,
    ),
    grants=st.lists(GRANTS, min_size=1, max_size=3),
    starts_at=st.integers(0, 20),
    lasts=st.integers(1, 20),
    uses=st.none() | st.integers(1, 3),
    days=st.integers(0, 3),
)


def details(*grants: EvidenceGrant, uses: int | None = None) -> Details:
    return Details(
        evidence={grant.code: grant for grant in grants},
        starts_at=1000,
        ends_at=2000,
        uses=uses,
        retention_days=30,
        legal_article="PIPL-13-1-1",
    )


ID_FULL = EvidenceGrant(
    code="ID01", view=View.FULL, fields=frozenset({"holder_name", "id_number"})
)
ID_NAME = EvidenceGrant(code="ID01", view=View.SUMMARY, fields=frozenset({"holder_name"}))
LICENCE = EvidenceGrant(code="LC01", view=View.VERIFY, fields=frozenset())


def test_details_are_written_in_one_way() -> None:
    assert json.loads(details(LICENCE, ID_FULL, uses=2).to_json()) == {
        "ends_at": 2000,
        "evidence": [
            {"code": "ID01", "fields": ["holder_name", "id_number"], "view": "full"},
            {"code": "LC01", "fields": [], "view": "verify"},
        ],
        "legal_article": "PIPL-13-1-1",
        "retention_days": 30,
        "starts_at": 1000,
        "uses": 2,
    }


@given(found=DETAILS)
def test_details_come_back_as_they_were_written(found: Details) -> None:
    assert Details.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        details(ID_FULL).to_json().replace('"full"', '"all"'),
        details(ID_FULL).to_json().replace('"uses":null', '"uses":0'),
        details(ID_FULL).to_json().replace('"uses":null', '"unknown":1'),
        details(ID_FULL).to_json().replace('"ends_at":2000', '"ends_at":1000'),
    ],
)
def test_malformed_details_are_damage(text: str) -> None:
    with pytest.raises(IntegrityError):
        Details.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": {}},
        {"evidence": {"LC01": ID_FULL}},
        {"ends_at": 1000},
        {"uses": 0},
        {"retention_days": -1},
    ],
)
def test_what_no_consent_may_say_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        replace(details(ID_FULL), **change)  # type: ignore[arg-type]  # wrong on purpose


ONCE = details(ID_NAME, uses=1)


@pytest.mark.parametrize(
    "wider",
    [
        details(ID_NAME, LICENCE, uses=1),
        details(replace(ID_NAME, view=View.FULL), uses=1),
        details(replace(ID_NAME, fields=ID_FULL.fields), uses=1),
        replace(ONCE, starts_at=999),
        replace(ONCE, ends_at=2001),
        replace(ONCE, uses=2),
        replace(ONCE, uses=None),
        replace(ONCE, retention_days=31),
    ],
)
def test_nothing_more_longer_or_oftener_is_covered(wider: Details) -> None:
    assert not ONCE.covers(wider)
    assert wider.covers(ONCE)


@given(one=DETAILS, another=DETAILS)
def test_an_overlap_is_covered_by_both(one: Details, another: Details) -> None:
    both = one.overlap(another)

    assert both is None or (one.covers(both) and another.covers(both))


@given(one=DETAILS, another=DETAILS)
def test_an_overlap_is_the_same_from_both_sides(one: Details, another: Details) -> None:
    assert one.overlap(another) == another.overlap(one)


@pytest.mark.parametrize(
    "other",
    [details(LICENCE), replace(details(ID_FULL), starts_at=2000, ends_at=3000)],
)
def test_what_has_nothing_in_common_has_no_overlap(other: Details) -> None:
    assert details(ID_FULL).overlap(other) is None


def test_an_overlap_is_the_lower_view_the_shared_fields_and_the_fewer_uses() -> None:
    token = replace(details(ID_FULL, LICENCE, uses=3), starts_at=1200)
    granted = replace(details(ID_NAME, uses=5), ends_at=1800, retention_days=7)

    assert token.overlap(granted) == replace(
        details(ID_NAME, uses=3), starts_at=1200, ends_at=1800, retention_days=7
    )


def test_a_holder_keeps_a_part_of_what_was_asked_for() -> None:
    asked = details(ID_FULL, LICENCE)

    assert asked.keep(frozenset({"LC01"})) == details(LICENCE)
    assert asked.keep(frozenset({"ID01", "LC01"})) == asked


@pytest.mark.parametrize(
    "codes", [frozenset[str](), frozenset({"CR02"}), frozenset({"LC01", "X"})]
)
def test_nothing_or_something_else_cannot_be_granted(codes: frozenset[str]) -> None:
    with pytest.raises(InvalidInputError):
        details(ID_FULL, LICENCE).keep(codes)
