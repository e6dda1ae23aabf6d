"""Departments say what they used evidence for; the holder sees it, and what was not said."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.support.http_world import DAY, Browser, HttpWorld, Person
from vault.clock import legal_day

DECISION = "示市监许〔2026〕1号"
PATH = "/v1/use-receipts"


@dataclass(frozen=True)
class Pulled:
    """A pull of the market department, and whose evidence it was."""

    world: HttpWorld
    person: Person
    holder: Browser
    token: str
    entry_id: str

    def say(self, outcome: str, **more: Any) -> Any:  # noqa: ANN401 - an answer
        body = {"entry_id": self.entry_id, "outcome": outcome} | more
        return self.world.market.send(PATH, body)

    def used(self, *, days: int = 10) -> Any:  # noqa: ANN401 - an answer
        until = legal_day(self.world.clock.now_ms()) + timedelta(days=days)
        return self.say("used", decision=DECISION, kept_until=until.isoformat())

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self.holder.get(f"/v1/me/accesses/{self.entry_id}").json()
        return found

    def page(self) -> str:
        return self.holder.get(f"/space/accesses/{self.entry_id}").text

    def owed(self) -> list[str]:
        found = self.world.market.get(PATH, token=self.world.market.token()).json()
        return [one["entry_id"] for one in found["outstanding"]]


def awake(world: HttpWorld) -> None:
    """Let systems fetch new tokens: those they had are of another day."""
    for system in world.systems.values():
        system._tokens.clear()  # noqa: SLF001 - no time passes for a client in a test


@pytest.fixture
def pulled(world: HttpWorld) -> Pulled:
    awake(world)
    person, _ = world.settled()
    token, holder = world.granted(person)
    answer = world.market.pull(token).json()
    return Pulled(world, person, holder, token, answer["receipt"]["entry_id"])


def later(pulled: Pulled, *, days: int) -> Pulled:
    """Let days go by; everybody signs in anew."""
    world = pulled.world
    world.clock.ahead += days * DAY
    awake(world)
    return Pulled(world, pulled.person, world.browser(pulled.person), "", pulled.entry_id)


def test_a_pull_is_owed_until_it_was_said_what_it_was_used_for(pulled: Pulled) -> None:
    before = pulled.look()["use"]
    owed = pulled.entry_id in pulled.owed()

    answer = pulled.used()

    after = pulled.look()["use"]
    entry = pulled.holder.get("/v1/me/accesses").json()["accesses"][0]
    assert (before["state"], owed) == ("owed", True)
    assert answer.status_code == 201, answer.text
    assert (after["state"], after["due"]) == ("used", before["due"])
    assert pulled.entry_id not in pulled.owed()
    assert (entry["kind"], entry["entry_id"]) == ("use", answer.json()["receipt"]["entry_id"])
    assert entry["used"] == {
        "pull": pulled.entry_id,
        "outcome": "used",
        "decision": DECISION,
        "kept_until": after["kept_until"],
    }


def test_the_holder_reads_it_in_plain_words(pulled: Pulled) -> None:
    asked = pulled.page()
    said = pulled.used().json()["receipt"]["entry_id"]

    told = pulled.holder.get(f"/space/accesses/{said}").text

    assert "用途：部门应在" in asked
    assert "用途：用于办理决定，保存到" in pulled.page()
    assert "说明了怎样用您的材料" in told
    assert DECISION in told


def test_who_keeps_silent_is_shown_as_late(pulled: Pulled) -> None:
    after = later(pulled, days=31)

    assert "还没有说明" in after.page()
    assert "就该说明" in after.holder.get("/space/accesses").text
    assert pulled.entry_id in after.owed()


def test_what_was_to_be_deleted_is_owed_again_until_it_is_said(pulled: Pulled) -> None:
    pulled.used(days=0)

    after = later(pulled, days=2)
    page, owed = after.page(), after.owed()
    gone = after.say("purged")

    assert "还没有说已经删除" in page
    assert pulled.entry_id in owed
    assert gone.status_code == 201
    assert pulled.entry_id not in after.owed()
    assert "用途：已经删除" in after.page()


def test_what_was_not_used_is_said_once_and_for_all(pulled: Pulled) -> None:
    first, again = pulled.say("unused"), pulled.used()

    assert (first.status_code, again.status_code) == (201, 409)
    assert "没有用，也没有留下" in pulled.page()


def test_nobody_else_says_it(pulled: Pulled) -> None:
    body = {"entry_id": pulled.entry_id, "outcome": "unused"}

    assert pulled.world.schools.send(PATH, body).status_code == 404
    assert pulled.world.police.send(PATH, body).status_code == 404
    assert pulled.look()["use"]["state"] == "owed"


def test_no_longer_than_the_holder_agreed_to(pulled: Pulled) -> None:
    answer = pulled.used(days=31)

    assert (answer.status_code, answer.json()["field"]) == (422, "kept_until")
    assert pulled.look()["use"]["state"] == "owed"


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "owed"},
        {"outcome": "lost"},
        {"outcome": "used"},
        {"outcome": "unused", "decision": "x"},
        {"outcome": "used", "decision": "", "kept_until": "2026-12-01"},
        {"outcome": "used", "decision": "x", "kept_until": "soon"},
        {"entry_id": "x"},
        {"more": True},
    ],
)
def test_what_says_too_little_or_too_much_is_refused(
    pulled: Pulled, changes: dict[str, Any]
) -> None:
    body = {"entry_id": pulled.entry_id, "outcome": "unused"} | changes

    assert pulled.world.market.send(PATH, body).status_code == 422
    assert pulled.look()["use"]["state"] == "owed"


def test_the_same_request_twice_is_one_entry(pulled: Pulled) -> None:
    body = {"entry_id": pulled.entry_id, "outcome": "unused"}

    first = pulled.world.market.send(PATH, body, request_id="twice" + pulled.entry_id)
    second = pulled.world.market.send(PATH, body, request_id="twice" + pulled.entry_id)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["receipt"]["entry_id"] == second.json()["receipt"]["entry_id"]


def test_a_pull_that_found_nothing_leaves_nothing_to_say(world: HttpWorld) -> None:
    awake(world)
    person, record_id = world.settled()
    token, holder = world.granted(person)
    body = {"status": "04", "expected_version": 1}
    world.police.send(f"/v1/records/{record_id}/status", body, method="PUT")

    world.market.pull(token)

    newest = holder.get("/v1/me/accesses").json()["accesses"][0]
    assert (newest["kind"], newest["use"]) in {("pull", None), ("refusal", None)}


def test_pages_go_on_after_the_last_pull_and_not_after_others(pulled: Pulled) -> None:
    market = pulled.world.market

    rest = market.get(PATH, token=market.token(), params={"after": pulled.entry_id}).json()
    others = market.get(PATH, token=market.token(), params={"after": "0" * 32})

    assert pulled.entry_id not in [one["entry_id"] for one in rest["outstanding"]]
    assert others.status_code == 404
