"""``/v1/me/mandates``: given, narrowed and ended by scripts of the holder's own browser."""

import pytest
from httpx2 import Response

from tests.support.http_world import CODE, FOOD, HttpWorld, powers_in

OWN = "/v1/me/mandates"


def test_a_mandate_is_given_seen_narrowed_and_ended(world: HttpWorld) -> None:
    giver, receiver = world.settled()[0], world.settled()[0]
    browser, other = world.strong(giver), world.browser(receiver)
    powers = powers_in(world)

    made = browser.post(OWN, {"receiver": receiver.holder, "powers": powers})
    mandate_id = made.json()["mandate_id"]
    [given] = browser.get(OWN).json()
    [received] = other.get(OWN).json()

    assert made.status_code == 201
    assert given == {
        "mandate_id": mandate_id,
        "side": "given",
        "who": receiver.number[0] + "*" * 16 + receiver.number[-1],
        "status": "active",
        "alive": True,
        "version": 1,
        "passed_on_from": None,
        "powers": {
            "acts": ["consent", "read"],
            "evidence": [{"code": CODE, "view": "full"}],
            "items": [FOOD],
            "valid": {"from": powers["starts_at"], "to": powers["ends_at"]},
            "passes_on": False,
        },
        "created_at": given["created_at"],
        "ended_at": None,
    }
    assert (received["side"], received["mandate_id"]) == ("received", mandate_id)

    less = browser.post(f"{OWN}/{mandate_id}/narrow", powers | {"acts": ["read"], "items": []})
    assert less.status_code == 200
    assert less.json()["receipt"]["entry_id"]
    assert other.get(OWN).json()[0]["powers"]["acts"] == ["read"]

    ended = other.post(f"{OWN}/{mandate_id}/end")
    assert ended.status_code == 200
    [after] = browser.get(OWN).json()
    assert (after["status"], after["alive"], bool(after["ended_at"])) == ("ended", False, True)


def problem(answer: Response) -> tuple[int, str, object]:
    found = answer.json()
    return answer.status_code, found["type"].rpartition(":")[2], found.get("field")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"evidence": [{"code": "XX99", "view": "full"}]}, "evidence"),
        ({"evidence": [{"code": CODE, "view": "full"}] * 2}, "evidence"),
        ({"items": ["no-such-item"]}, "items"),
        ({"items": []}, "items"),
        ({"starts_at": 1, "ends_at": 1}, "ends_at"),
        ({"starts_at": 1, "ends_at": 2}, "ends_at"),
    ],
)
def test_powers_that_cannot_be_are_refused(
    world: HttpWorld, changes: dict[str, object], field: str
) -> None:
    giver = world.settled()[0]
    browser = world.strong(giver)

    answer = browser.post(
        OWN, {"receiver": world.person().holder, "powers": powers_in(world) | changes}
    )

    assert problem(answer) == (422, "invalid-input", field)
    assert browser.get(OWN).json() == []


def test_views_are_told_by_their_words(world: HttpWorld) -> None:
    giver = world.settled()[0]
    browser = world.strong(giver)
    for view in ("verify", "summary", "full"):
        powers = powers_in(world) | {"evidence": [{"code": CODE, "view": view}]}
        browser.post(OWN, {"receiver": world.person().holder, "powers": powers})

    found = {one["powers"]["evidence"][0]["view"] for one in browser.get(OWN).json()}
    assert found == {"verify", "summary", "full"}
