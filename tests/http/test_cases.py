"""Cases: a department takes up a matter of a holder, once for each of its own ids."""

from scripts.demo_proofs import receipt_proves
from tests.support.http_world import FOOD, HttpWorld, unique


def test_a_case_is_taken_up_with_its_receipt_and_opens_the_space(world: HttpWorld) -> None:
    person = world.person()

    answer = world.market.open_case(person)

    body = answer.json()
    assert answer.status_code == 201
    assert body["case_no"].startswith(FOOD)
    receipt_proves(body["receipt"]["text"], trust=world.trust())


def test_the_same_case_under_the_same_id_is_taken_up_once(world: HttpWorld) -> None:
    person, request_id = world.person(), unique()

    first = world.market.open_case(person, request_id=request_id)
    second = world.market.open_case(person, request_id=request_id)
    other = world.market.open_case(world.person(), request_id=request_id)

    assert first.json()["case_no"] == second.json()["case_no"]
    assert first.json()["receipt"]["entry_id"] == second.json()["receipt"]["entry_id"]
    assert other.status_code == 409


def test_another_departments_item_is_refused(world: HttpWorld) -> None:
    body = {"holder": world.person().holder, "item": FOOD}

    answer = world.schools.send("/v1/cases", body)

    assert answer.status_code == 403


def test_an_item_that_nobody_knows_or_that_is_not_for_such_holders_is_refused(
    world: HttpWorld,
) -> None:
    unknown = world.market.send("/v1/cases", {"holder": world.person().holder, "item": "x"})
    company = {"type": "uscc", "value": "91110105PDY900018N"}
    wrong = world.market.send("/v1/cases", {"holder": company, "item": FOOD})

    assert (unknown.status_code, unknown.json()["field"]) == (422, "item")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "holder")


def test_a_case_needs_its_scope(world: HttpWorld) -> None:
    body = {"holder": world.person().holder, "item": FOOD}

    answer = world.market.send("/v1/cases", body, token=world.market.token("records:write"))

    assert answer.status_code == 403
    assert 'scope="cases:write"' in answer.headers["www-authenticate"]


def test_the_items_tell_what_evidence_each_needs(world: HttpWorld) -> None:
    token = world.schools.token("registry:read")

    answer = world.schools.get("/v1/items", token=token)

    [food] = [one for one in answer.json() if one["code"] == FOOD]
    assert answer.status_code == 200
    assert [one["evidence"] for one in food["requirements"]][:2] == ["ID01", "LC01"]
