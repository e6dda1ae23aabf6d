import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.scopes import View
from tests.support.vault_values import (
    MANDATE_ID,
    NOW,
    NOW_MS,
    OTHER_MANDATE_ID,
    OTHER_SPACE,
    SPACE,
    a_mandate,
    some_powers,
)
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import HolderId, MandateId, Space
from vault.mandates import Act, Mandate, MandateStatus, Powers, effective, passed_on, works

THIRD = Space(0, HolderId(b"\x13" * 16))
FOURTH = Space(0, HolderId(b"\x14" * 16))
POWERS = st.builds(
    Powers,
    acts=st.frozensets(st.sampled_from(Act), min_size=1),
    evidence=st.dictionaries(
        st.sampled_from(("CR02", "ID01", "LC01")), st.sampled_from(View), min_size=1
    ),
    items=st.frozensets(st.sampled_from(("item-one", "item-two")), min_size=1),
    starts_at=st.integers(0, 9),
    ends_at=st.integers(10, 19),
    passes_on=st.booleans(),
)


def usual(**changes: Any) -> Mandate:  # noqa: ANN401 - any column
    return a_mandate(**changes)


def link(**changes: Any) -> Mandate:  # noqa: ANN401 - any column
    """Return a mandate that was passed on by the receiver of the usual one."""
    plain = a_mandate(OTHER_MANDATE_ID, giver=OTHER_SPACE, receiver=THIRD, parent_id=MANDATE_ID)
    return replace(plain, **changes)


@given(one=POWERS)
def test_powers_cover_themselves(one: Powers) -> None:
    assert one.covers(one)


@given(one=POWERS, other=POWERS)
def test_powers_that_cover_each_other_are_equal(one: Powers, other: Powers) -> None:
    assert (one.covers(other) and other.covers(one)) == (one == other)


@given(one=POWERS, two=POWERS, three=POWERS)
def test_what_is_narrower_than_something_narrower_is_narrower(
    one: Powers, two: Powers, three: Powers
) -> None:
    first = two.overlap(one) or two
    last = three.overlap(first) or three

    if one.covers(first) and first.covers(last):
        assert one.covers(last)


@given(one=POWERS, other=POWERS, asked=POWERS)
def test_the_overlap_covers_exactly_what_both_cover(
    one: Powers, other: Powers, asked: Powers
) -> None:
    both = one.overlap(other)

    found = both is not None and both.covers(asked)
    assert found == (one.covers(asked) and other.covers(asked))
    assert both == other.overlap(one)


@given(first=POWERS, second=POWERS)
def test_no_link_allows_more_than_the_link_above_it(first: Powers, second: Powers) -> None:
    found = effective([a_mandate(powers=first), link(powers=second)])

    assert found is None or (first.covers(found) and second.covers(found))


@given(first=POWERS, second=POWERS)
def test_only_what_is_covered_can_be_passed_on(first: Powers, second: Powers) -> None:
    may = first.passes_on and not second.passes_on and first.covers(second)

    try:
        passed_on([a_mandate(powers=first)], second)
    except InvalidInputError:
        assert not may
    else:
        assert may


@given(one=POWERS)
def test_powers_come_back_as_they_were_written(one: Powers) -> None:
    assert Powers.from_json(one.to_json()) == one


def test_powers_are_written_in_one_way() -> None:
    powers = some_powers("LC01", "ID01", acts=frozenset({Act.READ, Act.CONSENT}), passes_on=True)

    assert json.loads(powers.to_json()) == {
        "acts": ["consent", "read"],
        "ends_at": NOW + 86400,
        "evidence": {"ID01": "full", "LC01": "full"},
        "items": ["11110105PDY001012C4000131020100"],
        "passes_on": True,
        "starts_at": NOW - 60,
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "1"),
        some_powers().to_json().replace("read", "write"),
        some_powers().to_json().replace("full", "whole"),
        some_powers().to_json().replace('"passes_on":false', '"passes_on":false,"more":1'),
        some_powers().to_json().replace(str(NOW + 86400), str(NOW - 60)),
    ],
)
def test_malformed_powers_are_noticed(text: str) -> None:
    with pytest.raises(IntegrityError, match="malformed"):
        Powers.from_json(text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"acts": frozenset()}, "powers"),
        ({"evidence": {}}, "powers"),
        ({"items": frozenset()}, "items"),
        ({"ends_at": NOW - 60}, "ends_at"),
    ],
)
def test_powers_that_allow_nothing_are_no_powers(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        some_powers(**changes)

    assert refused.value.field == field


def test_reading_needs_no_matter() -> None:
    assert some_powers(acts=frozenset({Act.READ}), items=frozenset()).items == frozenset()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"giver": OTHER_SPACE, "receiver": THIRD}, "parent"),
        ({"parent_id": OTHER_MANDATE_ID}, "parent"),
        ({"receiver": SPACE}, "receiver"),
    ],
)
def test_a_first_link_is_given_by_the_holder_to_somebody_else(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        usual(**changes)

    assert refused.value.field == field


@pytest.mark.parametrize("receiver", [SPACE, OTHER_SPACE])
def test_a_mandate_is_passed_on_to_somebody_else(receiver: Space) -> None:
    with pytest.raises(InvalidInputError):
        link(receiver=receiver)


def test_a_link_ends_all_below_it() -> None:
    ended: dict[str, Any] = {"status": MandateStatus.ENDED, "ended_at_ms": NOW_MS, "version": 2}

    assert effective([a_mandate(), link()]) == some_powers()
    assert effective([usual(**ended), link()]) is None
    assert effective([a_mandate(), link(**ended)]) is None
    assert effective([usual(**ended)]) is None


def test_links_that_have_nothing_in_common_allow_nothing() -> None:
    assert effective([a_mandate(), link(powers=some_powers("LC04"))]) is None


@pytest.mark.parametrize(
    "chain",
    [
        [link()],
        [a_mandate(), link(parent_id=MandateId(b"\x73" * 16))],
        [a_mandate(), link(space=FOURTH)],
        [a_mandate(), link(giver=FOURTH)],
        [
            a_mandate(),
            link(),
            link(mandate_id=MANDATE_ID, giver=THIRD, receiver=FOURTH, parent_id=OTHER_MANDATE_ID),
        ],
    ],
    ids=["no beginning", "other parent", "other space", "other giver", "too long"],
)
def test_links_that_do_not_hang_together_are_noticed(chain: list[Mandate]) -> None:
    with pytest.raises(IntegrityError):
        effective(chain)


@pytest.mark.parametrize(
    ("chain", "asked", "field"),
    [
        ([a_mandate()], some_powers(), "parent"),
        ([a_mandate(powers=some_powers(passes_on=True)), link()], some_powers(), "parent"),
        (
            [a_mandate(powers=some_powers(passes_on=True))],
            some_powers(passes_on=True),
            "passes_on",
        ),
        ([a_mandate(powers=some_powers(passes_on=True))], some_powers("LC04"), "powers"),
    ],
    ids=["not to be passed on", "passed on already", "further still", "wider"],
)
def test_what_cannot_be_passed_on(chain: list[Mandate], asked: Powers, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        passed_on(chain, asked)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("now_ms", "alive"),
    [
        ((NOW - 60) * 1000 - 1, False),
        ((NOW - 60) * 1000, True),
        ((NOW + 86400) * 1000 - 1, True),
        ((NOW + 86400) * 1000, False),
    ],
)
def test_a_mandate_works_from_its_first_second_to_its_last(now_ms: int, *, alive: bool) -> None:
    ended = a_mandate(status=MandateStatus.ENDED, ended_at_ms=NOW_MS)

    assert works(a_mandate(), now_ms=now_ms) is alive
    assert not works(ended, now_ms=now_ms)
