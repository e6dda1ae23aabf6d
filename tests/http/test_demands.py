"""Holders demand an explanation or deletion; departments answer in time, and are seen to."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.http_world import DAY, Browser, HttpWorld, Person

PATH = "/v1/demands"
WORDS = "办理食品经营许可时核对申请人身份。"


@dataclass(frozen=True)
class Scene:
    """A pull of the market department, and the holder it was about."""

    world: HttpWorld
    person: Person
    holder: Browser
    pull: str

    def demand(self, kind: str = "explain", *, about: str = "") -> Any:  # noqa: ANN401 - an answer
        return self.holder.post(f"/v1/me/accesses/{about or self.pull}/demands", {"kind": kind})

    def waiting(self) -> list[dict[str, str]]:
        market = self.world.market
        found: list[dict[str, str]] = market.get(PATH, token=market.token()).json()["demands"]
        return [one for one in found if one["about"] == self.pull]

    def answer(self, outcome: str = "answered", **changes: Any) -> Any:  # noqa: ANN401 - an answer
        [demand] = self.waiting()
        body = {"outcome": outcome, "text": WORDS} | changes
        return self.world.market.send(f"{PATH}/{demand['demand_id']}/answer", body)

    def look(self, entry: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.holder.get(f"/v1/me/accesses/{entry or self.pull}").json()
        return found

    def page(self, entry: str = "") -> str:
        return self.holder.get(f"/space/accesses/{entry or self.pull}").text


def awake(world: HttpWorld) -> None:
    """Let systems fetch new tokens: those they had are of another day."""
    for system in world.systems.values():
        system._tokens.clear()  # noqa: SLF001 - no time passes for a client in a test


@pytest.fixture
def scene(world: HttpWorld) -> Scene:
    awake(world)
    person, _ = world.settled()
    token, holder = world.granted(person)
    entry_id = world.market.pull(token).json()["receipt"]["entry_id"]
    return Scene(world, person, holder, entry_id)


def test_a_department_is_asked_and_its_words_reach_the_holder(scene: Scene) -> None:
    asked = scene.demand()
    [waiting] = scene.waiting()
    answered = scene.answer()

    [mine] = scene.look()["demands"]
    entry = scene.look(mine["answer"])
    assert (asked.status_code, answered.status_code) == (201, 201), answered.text
    assert (waiting["kind"], waiting["demand_id"]) == (
        "explain",
        asked.json()["receipt"]["entry_id"],
    )
    assert scene.waiting() == []
    assert (mine["state"], mine["due"]) == ("answered", waiting["due"])
    assert entry["kind"] == "demand.answer"
    assert entry["demanded"] == {
        "kind": "explain",
        "pull": scene.pull,
        "outcome": "answered",
        "text": WORDS,
    }


def test_pages_show_where_it_stands_and_what_was_said(scene: Scene) -> None:
    before = scene.page()
    scene.demand()
    asked = scene.page()
    scene.answer()
    answered = scene.page()

    assert "请部门解释" in before
    assert "请部门删除" in before
    assert "等待答复" in asked
    assert "请部门解释" not in asked
    assert "已答复" in answered
    assert WORDS in scene.page(scene.look()["demands"][0]["answer"])
    assert "答复了您的要求" in scene.holder.get("/space/accesses").text


def test_a_department_may_say_why_not(scene: Scene) -> None:
    scene.demand("delete")
    scene.answer("refused", text="依法须保存三年。")

    look = scene.look()
    assert look["demands"][0]["state"] == "refused"
    assert look["use"]["state"] == "owed"
    assert "被拒绝" in scene.page()


@pytest.mark.parametrize("used", [False, True])
def test_what_is_deleted_closes_what_was_said_of_its_use(scene: Scene, *, used: bool) -> None:
    if used:
        until = scene.look()["at"][:10]
        body = {
            "entry_id": scene.pull,
            "outcome": "used",
            "decision": "示市监许〔2026〕2号",
            "kept_until": until,
        }
        told = scene.world.market.send("/v1/use-receipts", body)
        assert told.status_code in {201, 422}, told.text
    before = scene.look()["use"]["state"]
    scene.demand("delete")
    scene.answer(text="已删除全部副本。")

    assert scene.look()["use"]["state"] == {"owed": "unused", "used": "purged"}[before]


def test_what_was_said_to_be_gone_stays_gone(scene: Scene) -> None:
    body = {"entry_id": scene.pull, "outcome": "unused"}
    scene.world.market.send("/v1/use-receipts", body)
    scene.demand("delete")

    assert scene.answer(text="早已删除。").status_code == 201
    assert scene.look()["use"]["state"] == "unused"


def test_who_does_not_answer_is_shown_as_late(scene: Scene) -> None:
    scene.demand()
    scene.world.clock.ahead += 16 * DAY
    awake(scene.world)
    later = Scene(scene.world, scene.person, scene.world.browser(scene.person), scene.pull)

    assert "已逾期" in later.page()
    assert later.answer().status_code == 201
    assert "已逾期" not in later.page()


def test_nothing_is_demanded_twice_until_it_is_answered(scene: Scene) -> None:
    first, again, other = scene.demand(), scene.demand(), scene.demand("delete")
    [explain, delete] = scene.waiting()
    path = f"{PATH}/{explain['demand_id']}/answer"
    answers = [
        scene.world.market.send(path, {"outcome": "answered", "text": WORDS}).status_code
        for _ in range(2)
    ]

    assert [one.status_code for one in (first, again, other)] == [201, 409, 201]
    assert delete["kind"] == "delete"
    assert answers == [201, 409]
    assert scene.demand().status_code == 201


def test_the_same_answer_twice_is_one_entry(scene: Scene) -> None:
    scene.demand()
    [demand] = scene.waiting()
    path, body = f"{PATH}/{demand['demand_id']}/answer", {"outcome": "answered", "text": WORDS}

    sent = [scene.world.market.send(path, body, request_id="same" + scene.pull) for _ in range(2)]

    assert [one.status_code for one in sent] == [201, 201]
    assert len({one.json()["receipt"]["entry_id"] for one in sent}) == 1


def test_nobody_else_answers(scene: Scene) -> None:
    scene.demand()
    [demand] = scene.waiting()
    path, body = f"{PATH}/{demand['demand_id']}/answer", {"outcome": "answered", "text": "x"}

    assert scene.world.schools.send(path, body).status_code == 404
    assert scene.world.market.send(f"{PATH}/{'0' * 32}/answer", body).status_code == 404
    assert len(scene.waiting()) == 1


def test_a_demand_is_about_what_a_department_did(scene: Scene) -> None:
    kinds = {
        one["kind"]: one["entry_id"]
        for one in scene.holder.get("/v1/me/accesses").json()["accesses"]
    }
    other, _ = scene.world.settled()
    stranger = Scene(scene.world, other, scene.world.browser(other), scene.pull)

    assert scene.demand(about=kinds["consent.give"]).status_code == 422
    assert scene.demand("delete", about=kinds["case.open"]).status_code == 422
    assert scene.demand(about="0" * 32).status_code == 404
    assert scene.demand("forget").status_code == 422
    assert stranger.demand().status_code == 404
    assert "想问个明白" not in scene.page(kinds["consent.give"])


@pytest.mark.parametrize(
    "changes",
    [{"outcome": "open"}, {"text": ""}, {"text": "  "}, {"text": "x" * 2001}, {"more": True}],
    ids=["open", "empty", "blank", "long", "more"],
)
def test_an_answer_says_something(scene: Scene, changes: dict[str, Any]) -> None:
    scene.demand()
    [demand] = scene.waiting()
    body = {"outcome": "answered", "text": WORDS} | changes

    answer = scene.world.market.send(f"{PATH}/{demand['demand_id']}/answer", body)

    assert answer.status_code == 422
    assert len(scene.waiting()) == 1


def test_pages_go_on_after_the_last_demand_and_not_after_others(scene: Scene) -> None:
    market = scene.world.market
    scene.demand()
    [demand] = scene.waiting()

    rest = market.get(PATH, token=market.token(), params={"after": demand["demand_id"]}).json()
    others = market.get(PATH, token=market.token(), params={"after": "0" * 32})

    assert demand not in rest["demands"]
    assert others.status_code == 404


def test_holders_ask_by_the_page_as_well(scene: Scene) -> None:
    csrf = scene.holder.signed.form_token
    path = f"/space/accesses/{scene.pull}/demand"
    headers = {"Origin": "https://space.example.org", "Sec-Fetch-Site": "same-origin"}
    asked, wrong = (
        scene.holder.http.post(path, data={"kind": kind, "csrf": csrf}, headers=headers)
        for kind in ("delete", "forget")
    )

    assert (asked.status_code, wrong.status_code) == (303, 422)
    assert [one["kind"] for one in scene.waiting()] == ["delete"]


def test_an_agent_demands_nothing(scene: Scene) -> None:
    agent, _ = scene.world.settled()
    scene.world.mandate(scene.person, agent.holder)
    browser = scene.world.browser(agent)

    answer = browser.post(f"/v1/me/accesses/{scene.pull}/demands", {"kind": "explain"})

    assert answer.status_code == 404
