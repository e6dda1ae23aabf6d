"""A complaint goes to whoever runs the vault; the department neither sees nor answers it."""

from dataclasses import dataclass
from typing import Any

import pytest

from scripts.complaining import ANSWER, LIST, SHOW, complaint_acts
from tests.support.http_world import Browser, HttpWorld
from vault.errors import ConflictError, InvalidInputError, NotFoundError

TEXT = "我没有办过这件事，请查一查。"
REPLY = "已核实：系统误关联办件，部门已更正并删除。"


@dataclass(frozen=True)
class Scene:
    """A pull of the market department, and a holder who complains of it."""

    world: HttpWorld
    holder: Browser
    pull: str

    def complain(self, text: str = TEXT) -> Any:  # noqa: ANN401 - an answer
        body = {"kind": "complain", "text": text}
        return self.holder.post(f"/v1/me/accesses/{self.pull}/demands", body)

    def operator(self, verb: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        return dict(complaint_acts(self.world.vault)[verb](arguments))

    def mine(self, complaint: str) -> list[dict[str, Any]]:
        listed = self.operator(LIST)["complaints"]
        return [one for one in listed if one["id"] == complaint]

    def look(self, entry: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.holder.get(f"/v1/me/accesses/{entry or self.pull}").json()
        return found

    def page(self, entry: str = "") -> str:
        return self.holder.get(f"/space/accesses/{entry or self.pull}").text


@pytest.fixture
def scene(world: HttpWorld) -> Scene:
    person, _ = world.settled()
    token, holder = world.granted(person)
    return Scene(world, holder, world.market.pull(token).json()["receipt"]["entry_id"])


def test_a_complaint_reaches_the_operator_and_the_answer_the_holder(scene: Scene) -> None:
    made = scene.complain().json()["receipt"]["entry_id"]
    [listed] = scene.mine(made)
    shown = scene.operator(SHOW, id=made)
    waiting = scene.page()
    scene.operator(ANSWER, id=made, text=REPLY)

    [demand] = scene.look()["demands"]
    answer = scene.look(demand["answer"])
    assert (listed["state"], listed["late"]) == ("open", False)
    assert (shown["text"], shown["about"]) == (TEXT, scene.pull)
    assert "示范区市场监督管理局（模拟）" in shown["department"]
    assert "您投诉了这件事，应在" in waiting
    assert scene.mine(made) == []
    assert (demand["kind"], demand["state"]) == ("complain", "answered")
    assert answer["demanded"]["text"] == REPLY
    assert (answer["kind"], answer["department"]) == ("demand.answer", None)
    assert REPLY in scene.page(demand["answer"])
    assert "运营方答复了您的投诉" in scene.holder.get("/space/accesses").text
    assert "您投诉了示范区市场监督管理局（模拟）" in scene.holder.get("/space/accesses").text


def test_the_department_neither_sees_nor_answers_it(scene: Scene) -> None:
    made = scene.complain().json()["receipt"]["entry_id"]
    market = scene.world.market

    listed = market.get("/v1/demands", token=market.token()).json()["demands"]
    answered = market.send(f"/v1/demands/{made}/answer", {"outcome": "answered", "text": "x"})

    assert made not in [one["demand_id"] for one in listed]
    assert answered.status_code == 404
    assert len(scene.mine(made)) == 1


def test_it_may_be_turned_down_and_is_answered_once(scene: Scene) -> None:
    made = scene.complain().json()["receipt"]["entry_id"]
    scene.operator(ANSWER, id=made, text="部门的查看合规。", refused=True)

    with pytest.raises(ConflictError):
        scene.operator(ANSWER, id=made, text="again")
    assert scene.look()["demands"][0]["state"] == "refused"
    assert "您投诉了这件事" in scene.page()
    assert "被拒绝" in scene.page()


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001], ids=["empty", "blank", "long"])
def test_a_complaint_says_something_and_not_too_much(scene: Scene, text: str) -> None:
    assert scene.complain(text).status_code == 422
    assert scene.look()["demands"] == []


def test_one_at_a_time(scene: Scene) -> None:
    assert [scene.complain().status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize("verb", [SHOW, ANSWER])
def test_what_is_no_complaint_is_told(scene: Scene, verb: str) -> None:
    asked = scene.holder.post(f"/v1/me/accesses/{scene.pull}/demands", {"kind": "explain"})
    explain = asked.json()["receipt"]["entry_id"]

    for unknown in (explain, "0" * 32):
        with pytest.raises(NotFoundError):
            scene.operator(verb, id=unknown, text="x")
    with pytest.raises(InvalidInputError):
        scene.operator(verb, text="x")


def test_an_empty_answer_is_none(scene: Scene) -> None:
    made = scene.complain().json()["receipt"]["entry_id"]

    with pytest.raises(InvalidInputError):
        scene.operator(ANSWER, id=made, text=" ")
    assert len(scene.mine(made)) == 1


def test_holders_complain_by_the_page_about_any_act_of_a_department(scene: Scene) -> None:
    entries = scene.holder.get("/v1/me/accesses").json()["accesses"]
    deposit = next(one["entry_id"] for one in entries if one["kind"] == "deposit")
    headers = {"Origin": "https://space.example.org", "Sec-Fetch-Site": "same-origin"}
    csrf = scene.holder.signed.form_token

    answer = scene.holder.http.post(
        f"/space/accesses/{deposit}/demand",
        data={"kind": "complain", "text": TEXT, "csrf": csrf},
        headers=headers,
    )

    assert answer.status_code == 303
    assert "您投诉了这件事" in scene.page(deposit)
    assert "请部门解释" not in scene.page(deposit)
