"""What holders see of kiosks and counters, and what comes of what they press."""

from typing import Any

import pytest

from tests.support.portal_windows import NUMBER, PLACES, WindowSystem
from tests.support.portal_world import PortalWorld, Visitor
from vault.clients import Profile
from vault.journal.entries import Kind
from vault.services.acting import Member
from vault.services.list_accesses import list_accesses

TICKED = {"give-LC04": "verify", "give-LC01": "none"}


@pytest.fixture
def kiosk(world: PortalWorld) -> WindowSystem:
    return WindowSystem(world, Profile.KIOSK).registered()


@pytest.fixture
def counter(world: PortalWorld) -> WindowSystem:
    return WindowSystem(world, Profile.COUNTER).registered()


def error(answer: Any) -> str:  # noqa: ANN401 - of any client
    return str(answer.json().get("error", ""))


def reasons(world: PortalWorld, visitor: Visitor) -> list[tuple[str, tuple[str, ...]]]:
    """Return kind and reasons of the newest entry of who is signed in."""
    hashes = world.vault.secrets.hashes(visitor.cookie("vault-signin"))
    with world.vault.read() as tx:
        [signin] = [one for h in hashes if (one := tx.protocol.signin(h, now=world.now()))]
    newest = list_accesses(world.vault, Member(signin=signin), limit=1).accesses[0].entry
    decision = newest.decision
    return [(newest.kind.value, decision.reasons if decision else ())]


def test_b51_a_visitor_types_the_code_and_agrees(world: PortalWorld, kiosk: WindowSystem) -> None:
    holder = world.settled()
    told = kiosk.begin(holder)
    visitor = world.member(holder)

    visitor.get("/space/device")
    shown = visitor.open(
        visitor.submit(holding="user_code", user_code=told["user_code"].lower()).headers[
            "location"
        ]
    )
    given = visitor.submit(holding="shown", act="give", **TICKED)

    assert PLACES[Profile.KIOSK] in shown.text
    assert "您现在在这台自助机前面吗" in shown.text
    assert "不是我，举报" in shown.text
    assert given.headers["location"] == "/space/decided/given"
    assert "请回到机器或窗口继续办理" in visitor.open("/space/decided/given").text
    token = kiosk.poll(told["device_code"]).json()
    assert [one["evidence"] for one in token["authorization_details"]] == [
        [{"code": "LC04", "view": "verify"}]
    ]
    [consent] = world.consents(holder)
    assert consent.client_id == kiosk.client_id
    assert list(consent.details.evidence) == ["LC04"]


def test_b51_b64_a_code_shown_again_is_a_refusal_that_the_holder_sees(
    world: PortalWorld, kiosk: WindowSystem
) -> None:
    holder = world.settled()
    told = kiosk.begin(holder)
    visitor = world.member(holder)
    visitor.get("/space/device")
    visitor.open(
        visitor.submit(holding="user_code", user_code=told["user_code"]).headers["location"]
    )
    visitor.submit(holding="shown", act="give", **TICKED)
    redeemed = kiosk.poll(told["device_code"])

    again = kiosk.poll(told["device_code"])

    assert (redeemed.status_code, again.status_code, error(again)) == (200, 400, "invalid_grant")
    [(kind, told_why)] = reasons(world, visitor)
    assert (kind, told_why) == (Kind.REFUSAL.value, ("token-misused",))


def test_b51_the_code_in_an_address_is_filled_in_also_after_signing_in(
    world: PortalWorld, kiosk: WindowSystem
) -> None:
    holder = world.settled()
    told = kiosk.begin(holder)
    address = told["verification_uri_complete"].removeprefix(world.origin)
    visitor = world.visitor()

    answer = visitor.open(address)
    assert "自助机需要您授权" in answer.text
    back = visitor.sign_in(holder)
    visitor.open(back.headers["location"])
    led = visitor.submit(holding="user_code")

    assert visitor.path == address
    assert led.headers["location"].startswith("/space/asked/")
    assert kiosk.poll(told["device_code"]).status_code == 400


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("BCDF", "代码是 8 个英文字母"),
        ("BCDF-GHJK", "没有机器正在显示这个代码"),
        ("<b>x</b>", "代码是 8 个英文字母"),
    ],
)
def test_b51_a_wrong_code_is_told_on_the_page(world: PortalWorld, typed: str, told: str) -> None:
    visitor = world.member(world.settled())
    visitor.get("/space/device")

    answer = visitor.submit(holding="user_code", user_code=typed)

    assert answer.status_code == 422
    assert told in answer.text
    assert "<b>x</b>" not in answer.text


def test_b51_a_sign_in_that_guesses_is_locked_and_told_why(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.get("/space/device")
    answers = [visitor.submit(holding="user_code", user_code="BCDF-GHJK") for _ in range(5)]

    locked = visitor.submit(holding="user_code", user_code="BCDF-GHJK")

    assert {one.status_code for one in answers} == {422}
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    assert "输错的代码太多了" in locked.text


def test_an_address_with_letters_that_are_none_asks_for_them(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    answer = visitor.get("/space/device/%3Cscript%3E")

    assert answer.status_code == 200
    assert "输入自助机的代码" in answer.text
    assert "script" not in answer.text.replace("noscript", "")


def test_b49_b50_a_holder_finds_the_request_and_chooses_the_number(
    world: PortalWorld, counter: WindowSystem
) -> None:
    holder = world.settled()
    code = counter.ask(holder)
    visitor = world.member(holder)

    home = visitor.get("/space")
    listed = visitor.get("/space/asked")
    href = next(one for one in visitor.page.links if one.startswith("/space/asked/"))
    shown = visitor.open(href)
    unnumbered = visitor.submit(holding="shown", act="give", **TICKED)
    given = visitor.submit(holding="shown", act="give", number=NUMBER, **TICKED)

    assert "窗口在等您决定" in home.text
    assert PLACES[Profile.COUNTER] in listed.text
    assert "3号窗口 ••" in shown.text
    assert f"3号窗口 {NUMBER}" not in shown.text
    assert unnumbered.status_code == 422
    assert "请先选出窗口屏幕上的号码" in unnumbered.text
    assert given.headers["location"] == "/space/decided/given"
    assert counter.poll(code).json()["scope"].endswith(":verify")


def test_b50_the_wrong_number_voids_the_request_and_is_an_entry(
    world: PortalWorld, counter: WindowSystem
) -> None:
    holder = world.settled()
    code = counter.ask(holder)
    visitor = opened(world, holder)
    boxes = {value for form in visitor.page.forms for value in form.options("number")}
    wrong = next(iter(boxes - {NUMBER}))

    answer = visitor.submit(holding="shown", act="give", number=wrong, **TICKED)

    assert len(boxes) == 3
    assert answer.headers["location"] == "/space/decided/mismatched"
    assert "号码不对" in visitor.open("/space/decided/mismatched").text
    assert error(counter.poll(code)) == "access_denied"
    assert world.consents(holder) == ()
    assert reasons(world, visitor) == [(Kind.REFUSAL.value, ("consent-mismatched",))]


@pytest.mark.parametrize(
    ("act", "outcome", "reason"),
    [
        ("refuse", "declined", "consent-refused"),
        ("report", "reported", "consent-reported"),
    ],
)
def test_b50_declining_and_reporting_need_no_number(
    world: PortalWorld, counter: WindowSystem, act: str, outcome: str, reason: str
) -> None:
    holder = world.settled()
    code = counter.ask(holder)
    visitor = opened(world, holder)

    answer = visitor.submit(holding="shown", act=act)

    assert answer.headers["location"] == f"/space/decided/{outcome}"
    assert error(counter.poll(code)) == "access_denied"
    assert reasons(world, visitor) == [(Kind.REFUSAL.value, (reason,))]
    assert visitor.get("/space/asked").text.count("现在没有窗口在等您") == 1
    told = {"refuse": "您没有同意示范区市场监督管理局", "report": "您举报了示范区市场监督管理局"}
    assert told[act] in visitor.get("/space/accesses").text


def test_b50_a_preview_keeps_the_number_and_decides_nothing(
    world: PortalWorld, counter: WindowSystem
) -> None:
    holder = world.settled()
    code = counter.ask(holder)
    visitor = opened(world, holder)

    answer = visitor.submit(holding="shown", act="preview", number=NUMBER, **TICKED)
    given = visitor.submit(holding="shown", act="give")

    assert answer.status_code == 200
    assert given.headers["location"] == "/space/decided/given"
    assert counter.poll(code).status_code == 200


def test_b50_the_clerk_sees_and_approves_nothing(
    world: PortalWorld, counter: WindowSystem
) -> None:
    holder, clerk = world.settled(), world.member(world.settled())
    code = counter.ask(holder)
    visitor = opened(world, holder)

    listed, answer = clerk.get("/space/asked"), clerk.get(visitor.path)

    assert "现在没有窗口在等您" in listed.text
    assert answer.status_code == 404
    assert "没有这份请求" in answer.text
    assert error(counter.poll(code)) == "authorization_pending"


def test_b49_a_code_for_a_counter_is_shown_once_it_is_asked_for(
    world: PortalWorld, counter: WindowSystem
) -> None:
    holder = world.settled()
    visitor = world.member(holder)

    before = visitor.get("/space/show")
    shown = visitor.submit(holding="csrf", then="/space/show")
    letters = shown.text.split('class="shown-code number" lang="en">')[1][:9]
    counter.ask(holder, hint=f"shown:{letters}")

    assert "shown-code" not in before.text
    assert shown.headers["cache-control"] == "no-store"
    assert "窗口在等您决定" in visitor.get("/space").text


@pytest.mark.parametrize("path", ["/space/decided/nothing", "/space/asked/x", "/space/asked/00"])
def test_addresses_that_nobody_gave_out_lead_nowhere(world: PortalWorld, path: str) -> None:
    assert world.member(world.settled()).get(path).status_code == 404


def test_an_act_that_is_none_decides_nothing(world: PortalWorld, counter: WindowSystem) -> None:
    holder = world.settled()
    code = counter.ask(holder)
    visitor = opened(world, holder)

    answer = visitor.submit(holding="shown", act="steal", number=NUMBER, **TICKED)

    assert answer.status_code == 422
    assert error(counter.poll(code)) == "authorization_pending"


def test_the_pages_are_for_those_who_are_signed_in(world: PortalWorld) -> None:
    visitor = world.visitor()

    led = {
        visitor.get(path).headers["location"].partition("?")[0]
        for path in ("/space/device", "/space/asked", "/space/show", "/space/decided/given")
    }

    assert led == {"/space/sign-in"}


def opened(world: PortalWorld, holder: Any) -> Visitor:  # noqa: ANN401 - somebody
    """Return a browser that shows the one request of a counter."""
    visitor = world.member(holder)
    visitor.get("/space/asked")
    visitor.open(next(one for one in visitor.page.links if one.startswith("/space/asked/")))
    return visitor
