"""What a partial consent costs, told while choosing."""

from itertools import chain, combinations

import pytest

from policies.errors import CatalogueError
from policies.items import Consequence, ServiceItem, items, service_item
from policies.verdict import verdict

FOOD = "11110105PDY001012C4000131020100"


def outcomes(*granted: str) -> dict[str, Consequence]:
    found = verdict(service_item(FOOD), granted=granted)
    return {part.requirement.evidence: part.consequence for part in found.requirements}


def test_granting_nothing_leaves_every_consequence_and_another_way() -> None:
    found = verdict(service_item(FOOD), granted=())

    assert [part.consequence for part in found.requirements] == [
        part.requirement.without for part in found.requirements
    ]
    assert not any(part.granted for part in found.requirements)
    assert found.consequence is Consequence.NOT_POSSIBLE
    assert all(part.requirement.other_way_zh for part in found.requirements)


def test_one_side_of_a_choice_is_enough() -> None:
    lease = outcomes("ID01", "LC01", "MT04", "SR05")

    assert set(lease.values()) == {Consequence.NONE}
    assert outcomes("ID01", "LC01", "LC04", "SR05") == lease


def test_neither_side_of_a_choice_is_not() -> None:
    found = outcomes("ID01", "LC01", "SR05")

    assert (found["LC04"], found["MT04"]) == (Consequence.NOT_POSSIBLE,) * 2


def test_leaving_out_what_is_optional_makes_it_slower() -> None:
    found = verdict(service_item(FOOD), granted=["ID01", "LC01", "MT04"])

    assert found.consequence is Consequence.SLOWER


def test_what_the_item_does_not_require_is_refused() -> None:
    with pytest.raises(CatalogueError, match="the item does not require this evidence"):
        verdict(service_item(FOOD), granted=["ID07"])


@pytest.mark.parametrize("item", items().values(), ids=lambda item: item.name_en)
def test_granting_more_never_makes_it_worse(item: ServiceItem) -> None:
    codes = list(item.requirements)
    sets = chain.from_iterable(combinations(codes, n) for n in range(len(codes)))

    for granted in sets:
        fewer = verdict(item, granted=granted).consequence
        for one in codes:
            assert verdict(item, granted={*granted, one}).consequence <= fewer
