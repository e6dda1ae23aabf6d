"""Acting for an enterprise on the portal: given, used within its bounds, narrowed and ended."""

import pytest
from httpx2 import Response

from scripts.demo_people import Somebody
from tests.support.portal_mandates import LICENCE_ITEM, filled, give_licence
from tests.support.portal_world import DAY, PortalWorld, Visitor


def acting(world: PortalWorld) -> tuple[Somebody, Visitor, Visitor]:
    """Return an enterprise, its browser, and its agent's browser with its space open."""
    firm, agent = world.enterprise(), world.settled()
    boss = give_licence(world, firm, agent)
    away = world.member(agent)
    away.open("/space/mandates")
    away.open(act_for(away).headers["location"])
    return firm, boss, away


def linked(visitor: Visitor, start: str, at: int = 0) -> str:
    """Return a link of the page to below ``start``, the button for a new mandate aside."""
    found = [one for one in visitor.page.links if one.startswith(start)]
    return [one for one in found if not one.endswith("/give")][at]


def act_for(visitor: Visitor) -> Response:
    form = next(one for one in visitor.page.forms if "/acting/" in one.action)
    return visitor.send(form.action, form.filled({}))


def test_a_mandate_is_given_and_shown_to_both_sides(world: PortalWorld) -> None:
    firm, agent = world.enterprise(), world.settled()

    boss = give_licence(world, firm, agent)
    boss.open("/space/mandates?done=given")
    receiver = world.member(agent)
    receiver.open("/space/mandates")

    assert "委托已经给出" in boss.page.text
    masked = agent.number[0] + "*" * 16 + agent.number[-1]
    assert masked in boss.page.text
    assert agent.name not in boss.page.text
    assert firm.name in receiver.page.text
    assert "营业执照 · 完整内容" in receiver.page.text


def test_a_number_that_nobody_has_is_taken_like_any_other(world: PortalWorld) -> None:
    firm, nobody = world.enterprise(), world.person()

    boss = give_licence(world, firm, nobody)
    boss.open("/space/mandates")

    assert nobody.number[0] + "*" * 16 + nobody.number[-1] in boss.page.text


def test_without_a_passkey_no_mandate_is_given(world: PortalWorld) -> None:
    firm, agent = world.enterprise(), world.settled()
    boss = world.member(firm)

    answer = boss.send("/space/mandates/give", filled(boss, agent))

    assert answer.status_code == 403
    assert "通行密钥" in boss.page.text
    boss.open("/space/mandates/give")
    assert "现在的登录方式还不够" in boss.page.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"number": ["1"]}, "18 位"),
        ({"act": []}, "还没选全"),
        ({"evidence": []}, "还没选全"),
        ({"item": []}, "还没选全"),
        ({"days": ["7"]}, "还没选全"),
        ({"view": []}, "还没选全"),
        ({"evidence": ["SR03", "XX99"]}, "还没选全"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_given(
    world: PortalWorld, changes: dict[str, list[str]], told: str
) -> None:
    firm, agent = world.enterprise(), world.settled()
    boss = world.strong(firm)

    answer = boss.send("/space/mandates/give", filled(boss, agent, **changes))

    assert answer.status_code == 422
    assert told in boss.page.text
    boss.open("/space/mandates")
    assert "您现在没有委托任何人" in boss.page.text


def test_nobody_is_the_own_agent(world: PortalWorld) -> None:
    firm = world.enterprise()
    boss = world.strong(firm)

    answer = boss.send("/space/mandates/give", filled(boss, firm))

    assert answer.status_code == 422
    assert "您自己的号码" in boss.page.text


def test_every_page_says_for_whom_one_acts(world: PortalWorld) -> None:
    firm, _, away = acting(world)

    for path in ("", "/records", "/consents", "/accesses", "/mandates"):
        away.open(f"/space{path}")
        assert f"现在代表{firm.name}办事" in away.page.text

    away.submit(holding="csrf", then="/acting/own")
    away.open("/space")
    assert "现在代表" not in away.page.text


def test_an_agent_opens_the_licence_and_the_enterprise_sees_who_did(world: PortalWorld) -> None:
    firm, boss, away = acting(world)
    [record] = world.records(firm)

    away.open(f"/space/records/{record.hex()}")

    assert firm.number in away.page.text
    boss.open("/space/accesses")
    assert "王**凭委托打开了您的营业执照" in boss.page.text
    assert "凭您的委托" in boss.page.text
    boss.open(linked(boss, "/space/accesses/", 0))
    assert "受托人：王**" in boss.page.text


def test_an_agent_decides_on_a_request_to_the_enterprise(world: PortalWorld) -> None:
    firm, boss, away = acting(world)

    away.open(world.ask(firm, "LC01", item=LICENCE_ITEM).address)
    away.submit(holding="give-LC01", **{"give-LC01": "full", "act": "give"})

    [consent] = world.consents(firm)
    assert consent.item == LICENCE_ITEM
    boss.open("/space/accesses")
    assert "王**代您同意" in boss.page.text


def test_a_request_beyond_the_mandate_is_not_even_shown(world: PortalWorld) -> None:
    firm, _, away = acting(world)

    answer = away.open(world.ask(firm, "LC01", "CR01", item=LICENCE_ITEM).address)

    assert answer.status_code == 403
    assert "委托里没有这个事项" in away.page.text
    assert world.consents(firm) == ()


def test_whoever_acts_at_home_decides_nothing_of_the_enterprise(world: PortalWorld) -> None:
    firm, _, away = acting(world)
    away.open("/space")
    away.submit(holding="csrf", then="/acting/own")

    answer = away.open(world.ask(firm, "LC01", item=LICENCE_ITEM).address)

    assert answer.status_code == 404


def test_an_ended_mandate_sends_the_agent_home(world: PortalWorld) -> None:
    firm, boss, away = acting(world)
    boss.open("/space/mandates")
    boss.open(linked(boss, "/space/mandates/", 1))
    boss.submit(holding="csrf", then="/end")

    answer = away.open("/space/records")

    assert answer.status_code == 403
    assert "委托已经结束" in away.page.text
    away.open("/space/records")
    assert "现在代表" not in away.page.text
    assert firm.name not in away.page.text
    away.open("/space/mandates")
    assert "现在没有人委托您办事" in away.page.text


def test_a_receiver_gives_a_mandate_back(world: PortalWorld) -> None:
    firm, agent = world.enterprise(), world.settled()
    boss = give_licence(world, firm, agent)
    receiver = world.member(agent)
    receiver.open("/space/mandates")
    receiver.open(linked(receiver, "/space/mandates/", 0))
    assert f"交还{firm.name}给您的委托" in receiver.page.text

    receiver.submit(holding="csrf", then="/end")

    boss.open("/space/mandates?done=ended")
    assert "您现在没有委托任何人" in boss.page.text


def test_a_mandate_is_narrowed_on_its_page(world: PortalWorld) -> None:
    firm, boss, away = acting(world)
    boss.open("/space/mandates")
    path = linked(boss, "/space/mandates/", 0)
    boss.open(path)
    form = next(one for one in boss.page.forms if one.action.endswith("/narrow"))
    token = dict(form.filled({}))["csrf"]

    kept = [("csrf", token), ("act", "consent"), ("evidence", "LC01"), ("item", LICENCE_ITEM)]
    same = boss.send(path, [*kept, ("act", "read")])
    less = boss.send(path, kept)

    assert (same.status_code, less.status_code) == (422, 303)
    away.open("/space/records")
    assert "营业执照" not in away.page.text.split("main")[0]
    [record] = world.records(firm)
    assert away.open(f"/space/records/{record.hex()}").status_code == 403


def test_a_mandate_is_over_when_its_time_is(world: PortalWorld) -> None:
    _, boss, away = acting(world)
    world.clock.ahead = 31 * DAY

    assert away.open("/space").request.url.path == "/space/sign-in"
    assert boss.open("/space").request.url.path == "/space/sign-in"


def test_a_part_is_passed_on_by_whoever_may(world: PortalWorld) -> None:
    firm, agency, clerk = world.enterprise(), world.enterprise(), world.settled()
    boss = world.strong(firm)
    boss.send("/space/mandates/give", filled(boss, agency, passes_on=["yes"]))
    away = world.strong(agency)
    away.open("/space/mandates")
    act_for(away)

    answer = away.send("/space/mandates/give", filled(away, clerk))

    assert answer.headers["location"] == "/space/mandates?done=given"
    boss.open("/space/mandates")
    assert "由您委托的人转委托" in boss.page.text
    last = world.member(clerk)
    last.open("/space/mandates")
    act_for(last)
    last.open("/space/records")
    assert f"现在代表{firm.name}办事" in last.page.text
    assert last.open("/space/mandates/give").status_code == 404


@pytest.mark.parametrize("path", ["/end", "/narrow"])
def test_pages_of_somebody_elses_mandate_are_nowhere(world: PortalWorld, path: str) -> None:
    firm, agent = world.enterprise(), world.settled()
    boss = give_licence(world, firm, agent)
    boss.open("/space/mandates")
    own = linked(boss, "/space/mandates/", 1).removesuffix("/end")
    stranger = world.member(world.settled())

    assert stranger.open(own + path).status_code == 404
    assert boss.open("/space/mandates/" + "0" * 32 + path).status_code == 404
