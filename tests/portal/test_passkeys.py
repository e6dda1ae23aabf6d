"""Passkeys in the portal: registered, used to sign in and to confirm, removed."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.consent_page import ConsentPage
from api.way_back import WayBack
from scripts.demo_clients import REDIRECT
from scripts.demo_people import Somebody
from tests.portal.test_asked import evidence
from tests.portal.test_asked import page as request_for
from tests.portal.test_pages import SCREEN
from tests.support.authenticator import BOUND, UP, Authenticator, Maker, Told
from tests.support.portal_windows import WindowSystem
from tests.support.portal_world import PortalWorld, Visitor, open_portal
from vault.clients import Profile
from vault.clients.levels import AAL1, AAL2, AAL3
from vault.services.acting import FRESH_SECONDS
from vault.services.outbox import PASSKEY_ADDED, PASSKEY_REMOVED
from vault.services.sign_in import live_sign_in

MAKER = Maker()
ADD = "/space/passkeys/add"
BY_PASSKEY = "/space/sign-in/passkey"
SOCIAL_SECURITY = "11110105PDY0010394"
"""The department that issues social security cards, which are of level 4."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """Return a portal at a host that browsers make passkeys for."""
    folder = tmp_path_factory.mktemp("passkeys")
    with open_portal(folder, host="localhost", makers=MAKER.root_pem) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_waits(world: PortalWorld) -> None:
    world.messages()


def told(world: PortalWorld, **false: Any) -> Told:  # noqa: ANN401 - any part of it
    return Told(**({"origin": world.origin, "rp_id": "localhost"} | false))


def options(text: str) -> str:
    """Return what the script of a page would read."""
    [found] = re.findall(r'data-options="([^"]*)"', text)
    return html.unescape(found)


def add(
    world: PortalWorld,
    visitor: Visitor,
    device: Authenticator,
    *,
    path: str = ADD,
    name: str = "我的手机",
) -> Any:  # noqa: ANN401 - an answer of the test client
    shown = visitor.get(path)
    answer = device.create(options(shown.text), told(world))
    return visitor.submit(holding="answer", answer=answer, name=name)


def use(
    world: PortalWorld, visitor: Visitor, device: Authenticator, *, path: str = BY_PASSKEY
) -> Any:  # noqa: ANN401 - an answer of the test client
    shown = visitor.open(path)
    answer = device.get(options(shown.text), told(world))
    return visitor.submit(holding="answer", answer=answer)


def registered(world: PortalWorld) -> tuple[Somebody, Authenticator]:
    """Return a holder with a passkey."""
    holder, device = world.settled(), Authenticator()
    answer = add(world, world.member(holder), device)
    assert answer.headers["location"] == "/space/passkeys?done=added"
    world.messages()
    return holder, device


def level(world: PortalWorld, visitor: Visitor) -> str:
    found = live_sign_in(world.vault, visitor.cookie("vault-signin"))
    assert found is not None
    return found.auth.acr


def test_a_passkey_is_registered_told_of_and_listed(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    add(world, visitor, Authenticator(), name="<b>我的手机")
    page = visitor.open("/space/passkeys?done=added").text
    ledger = visitor.open("/space/accesses").text

    for words in ("通行密钥已登记", "&lt;b&gt;我的手机", "新登记", "还没有用过", "同步"):
        assert words in page
    assert "您登记了一个通行密钥" in ledger
    assert world.messages() == (PASSKEY_ADDED,)


def test_a_passkey_signs_in_without_a_number(world: PortalWorld) -> None:
    holder, device = registered(world)
    visitor = world.visitor()

    answer = use(world, visitor, device)
    visitor.open(answer.headers["location"])

    assert f"您好，{holder.name}" in visitor.page.text
    assert level(world, visitor) == AAL2


def test_only_the_pages_of_the_ceremony_may_run_the_one_script(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    policies = {
        path: visitor.get(path).headers["content-security-policy"].split("; ")[1]
        for path in (ADD, BY_PASSKEY, "/space/passkeys", "/space/sign-in", "/space/confirm")
    }
    script = visitor.get("/space/static/passkey.js")

    assert policies == {
        ADD: "script-src 'self'",
        BY_PASSKEY: "script-src 'self'",
        "/space/passkeys": "script-src 'none'",
        "/space/sign-in": "script-src 'none'",
        "/space/confirm": "script-src 'none'",
    }
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"


def test_the_number_that_was_typed_must_be_the_passkeys(world: PortalWorld) -> None:
    holder, device = registered(world)
    led = []
    for number in (holder.number, world.settled().number, world.person().number):
        visitor = world.visitor()
        visitor.get("/space/sign-in")
        visitor.submit(holding="number", kind=holder.kind.value, number=number)
        text = visitor.get("/space/sign-in/code").text
        world.messages()
        [href] = re.findall(rf'href="({BY_PASSKEY}[^"]*)"', text)
        answer = use(world, visitor, device, path=html.unescape(href))
        refused = "没有登录成功" in answer.text
        led.append((answer.status_code, answer.headers.get("location"), refused))

    assert led == [(303, "/space", False), (422, None, True), (422, None, True)]


def test_nothing_tells_who_has_a_passkey(world: PortalWorld) -> None:
    holder, _ = registered(world)
    pages = []
    for number in (holder.number, world.settled().number, world.person().number):
        visitor = world.visitor()
        visitor.get("/space/sign-in")
        visitor.submit(holding="number", kind=holder.kind.value, number=number)
        world.messages()
        text = visitor.get(f"{BY_PASSKEY}?number=typed").text
        pages.append(re.sub(r"(csrf\" value=\"|challenge&#34;: &#34;)[^\"&]*", r"\1", text))

    assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize(
    "false",
    [{"origin": "http://evil.example"}, {"rp_id": "evil.example"}, {"more": {"topOrigin": "x"}}],
    ids=str,
)
def test_a_ceremony_elsewhere_signs_nobody_in(world: PortalWorld, false: dict[str, Any]) -> None:
    _, device = registered(world)
    visitor = world.visitor()
    shown = visitor.open(BY_PASSKEY)

    answer = visitor.submit(
        holding="answer", answer=device.get(options(shown.text), told(world, **false))
    )

    assert answer.status_code == 422
    assert visitor.cookie("vault-signin") == ""


def test_a_key_that_verifies_nobody_is_not_registered(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    answer = add(world, visitor, Authenticator(flags=UP))

    assert answer.status_code == 422
    assert "没有登记成功" in answer.text
    assert "还没有通行密钥" in visitor.open("/space/passkeys").text


def test_a_name_is_asked_for_again(world: PortalWorld) -> None:
    answer = add(world, world.member(world.settled()), Authenticator(), name=" ")

    assert answer.status_code == 422
    assert "最多 40 个字" in answer.text


def test_an_old_sign_in_is_renewed_before_a_passkey_is_added(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    world.clock.ahead += FRESH_SECONDS + 1

    answer = visitor.get(ADD)

    assert answer.headers["location"] == f"/space/sign-in?onward={ADD.replace('/', '%2F')}"


def test_a_second_passkey_takes_the_first(world: PortalWorld) -> None:
    holder, device = registered(world)
    visitor = world.member(holder)

    led = visitor.get(ADD).headers["location"]
    answer = use(world, visitor, device, path=led)
    again = add(world, visitor, Authenticator(), path=answer.headers["location"], name="备用")

    assert led == f"/space/confirm?onward={ADD.replace('/', '%2F')}"
    assert (answer.headers["location"], again.status_code) == (ADD, 303)
    assert visitor.open("/space/passkeys").text.count('class="row"') == 2


def test_a_passkey_is_removed_by_one_and_asked_about_once(world: PortalWorld) -> None:
    holder, device = registered(world)
    visitor = world.visitor()
    use(world, visitor, device)
    elsewhere = world.member(holder)
    listed = visitor.get("/space/passkeys").text
    [href] = re.findall(r'href="(/space/passkeys/\w+/remove)"', listed)

    needs = elsewhere.get(href).headers["location"]
    asked = visitor.open(href)
    answer = visitor.submit(holding="csrf", then="/remove")
    gone = visitor.open(answer.headers["location"]).text

    assert needs.startswith("/space/confirm?onward=")
    assert "删除“我的手机”？" in asked.text
    assert "通行密钥已删除" in gone
    assert world.messages() == (PASSKEY_REMOVED,)
    assert elsewhere.get("/space").headers["location"] == "/space/sign-in"
    assert use(world, world.visitor(), device).status_code == 422
    assert visitor.get(href).status_code == 404


def test_a_security_key_of_a_trusted_maker_reaches_the_third_level(world: PortalWorld) -> None:
    holder, device = world.settled(), Authenticator(flags=BOUND, counting=True, maker=MAKER)
    visitor = world.member(holder)

    refused = add(world, visitor, Authenticator(), path=f"{ADD}?kind=attested")
    answer = add(world, visitor, device, path=f"{ADD}?kind=attested", name="钥匙")
    use(world, visitor, device)

    assert "只接受几种不能复制的安全密钥" in refused.text
    assert answer.status_code == 303
    assert level(world, visitor) == AAL3
    assert "只在一台设备里" in visitor.open("/space/passkeys").text


# Confirming.


def sensitive(world: PortalWorld, holder: Somebody) -> str:
    """Deposit a paper of level 4; return the address of its page."""
    card = {
        "name": holder.name,
        "social_security_no": holder.number,
        "card_no": "S00000001",
        "issue_date": "2024-03-01",
        "issuing_authority": "示范区人力资源和社会保障局（模拟）",
        "card_status": "正常",
    }
    made = world.deposit(holder, "LC07", card, issuer=SOCIAL_SECURITY)
    return f"/space/records/{made.record_id.hex()}"


def test_a_sensitive_record_is_opened_once_a_passkey_confirms(world: PortalWorld) -> None:
    holder, device = registered(world)
    href = sensitive(world, holder)
    visitor = world.member(holder)

    led = visitor.get(href).headers["location"]
    answer = use(world, visitor, device, path=led)
    opened = visitor.open(answer.headers["location"])

    assert led == f"/space/confirm?onward={href.replace('/', '%2F')}"
    assert answer.headers["location"] == href
    assert opened.status_code == 200
    assert level(world, visitor) == AAL2


def test_who_has_no_passkey_is_led_to_one_and_then_on(world: PortalWorld) -> None:
    holder, device = world.settled(), Authenticator()
    href = sensitive(world, holder)
    visitor = world.member(holder)

    shown = visitor.open(visitor.get(href).headers["location"])
    [path] = re.findall(r'href="(/space/passkeys/add[^"]*)"', shown.text)
    led = add(world, visitor, device, path=html.unescape(path)).headers["location"]
    answer = use(world, visitor, device, path=led)

    assert "您还没有通行密钥" in shown.text
    assert answer.headers["location"] == href
    assert visitor.open(href).status_code == 200


def test_another_holders_passkey_confirms_nothing(world: PortalWorld) -> None:
    holder, _ = registered(world)
    _, theirs = registered(world)
    visitor = world.member(holder)

    answer = use(world, visitor, theirs, path="/space/confirm?onward=/space/records")

    assert answer.status_code == 422
    assert "没有确认成功" in answer.text
    assert level(world, visitor) == AAL1


def test_a_request_that_asks_for_a_passkey_is_confirmed_and_not_lost(world: PortalWorld) -> None:
    holder, device = registered(world)
    asked = world.ask(holder, "ID01", asks={"acr_values": AAL2})
    visitor = world.member(holder)

    visitor.get(urlsplit(asked.address)._replace(scheme="", netloc="").geturl())
    page = visitor.open(asked.address)
    answer = use(world, visitor, device, path=visitor.path)
    visitor.open(answer.headers["location"])
    given = visitor.submit(holding="give-ID01", **{"give-ID01": "full", "act": "give"})

    assert "用通行密钥确认是您本人" in page.text
    assert given.headers["location"].startswith(f"{REDIRECT}?code=")
    assert len(world.consents(holder)) == 1


def test_a_request_that_needs_a_passkey_goes_back_where_there_is_none(world: PortalWorld) -> None:
    holder = world.settled()
    claims = '{"id_token": {"acr": {"essential": true, "value": "%s"}}}' % AAL2  # noqa: UP031 - braces
    asked = world.ask(holder, "ID01", asks={"claims": claims})
    visitor = world.member(holder)

    answer = visitor.get(asked.address)
    led = visitor.get(answer.headers["location"]).headers["location"]

    assert led.startswith(REDIRECT)
    assert dict(parse_qsl(urlsplit(led).query))["error"] == "unmet_authentication_requirements"
    assert visitor.get(answer.headers["location"]).status_code == 404


# A request for sensitive evidence; the desk of this deployment is never asked for any.


class SensitiveDesk:
    """Shows a request for a paper of level 4, and takes every decision."""

    def __init__(self) -> None:
        self.decided: list[Any] = []

    def open(self, _interaction_id: bytes, *, signin: Any, browser: str) -> ConsentPage:  # noqa: ANN401 - a sign-in
        return request_for(evidence("LC08", 4), evidence("ID01", 3))

    def decide(self, _interaction_id: bytes, **decision: Any) -> WayBack:  # noqa: ANN401 - all of it
        self.decided.append(decision["choice"])
        return WayBack(location=REDIRECT)


@pytest.mark.parametrize(
    ("ticks", "passkey", "leads"),
    [
        ({"give-LC08": "full", "separately-LC08": "yes"}, False, "/space/confirm?onward="),
        ({"give-LC08": "full", "separately-LC08": "yes"}, True, REDIRECT),
        ({"give-LC08": "none"}, False, REDIRECT),
        ({"act": "refuse"}, False, REDIRECT),
    ],
)
def test_giving_sensitive_evidence_takes_a_passkey_and_keeping_it_does_not(
    world: PortalWorld, ticks: dict[str, str], leads: str, *, passkey: bool
) -> None:
    holder, device = registered(world)
    visitor = world.member(holder)
    if passkey:
        use(world, visitor, device)
    desk = SensitiveDesk()
    wired = replace(world.wired, desk=desk)  # type: ignore[arg-type]  # the two methods
    app = create_app(world.settings, wiring=lambda _: nullcontext(wired))
    with TestClient(app, base_url=world.origin, follow_redirects=False) as http:
        http.cookies.update(visitor.http.cookies)
        visitor.http = http
        shown = visitor.get(SCREEN)
        sent = {"give-ID01": "verify", "act": "give"} | ticks
        answer = visitor.submit(holding="shown", **sent)

    assert ("先用通行密钥确认" in shown.text) is not passkey
    assert answer.headers["location"].startswith(leads)
    assert len(desk.decided) == (leads == REDIRECT)


def test_b40_a_request_that_takes_a_passkey_ends_where_the_visitor_has_none(
    world: PortalWorld,
) -> None:
    kiosk = WindowSystem(world, Profile.KIOSK).registered()
    holder = world.settled()
    essential = {"id_token": {"acr": {"essential": True, "value": AAL2}}}
    told = kiosk.begin(holder, claims=json.dumps(essential))
    visitor = world.member(holder)
    visitor.get("/space/device")
    onward = visitor.submit(holding="user_code", user_code=told["user_code"])

    ended = visitor.get(onward.headers["location"])
    answer = visitor.open(ended.headers["location"])

    assert ended.headers["location"] == "/space/decided/unmet"
    assert "这件事要用通行密钥确认" in answer.text
    assert 'href="/space/passkeys"' in answer.text
    assert kiosk.poll(told["device_code"]).json()["error"] == "unmet_authentication_requirements"
