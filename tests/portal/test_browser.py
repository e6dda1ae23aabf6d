"""The portal in Chromium, as people meet it: phone and desktop, Chinese and English."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser

from api.leaving import PAGE, Leaving, sealed
from policies.scopes import View
from scripts.demo_clients import REDIRECT
from scripts.demo_people import Somebody
from tests.support.chromium import DESKTOP, PHONE, Reader, chromium, reading
from tests.support.page_walk import SHOWN, Walk
from tests.support.portal_mandates import give_licence
from tests.support.portal_windows import NUMBER, WindowSystem
from tests.support.portal_world import MARKET, PortalWorld
from vault.clients import Profile
from vault.clients.refusals import RefusedRequest
from vault.services.appoint_developer import appoint_developer

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Reader]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def window(browser: Browser, world: PortalWorld) -> Open:
    """Return what opens a window without cookies."""
    return partial(reading, browser, world)


@pytest.fixture
def lived_in(deployment: PortalWorld) -> Somebody:
    """Return a holder in whose space every kind of thing has happened."""
    holder = deployment.settled()
    visitor = deployment.member(holder)
    visitor.open(deployment.ask(holder, "ID01", "LC04").address)
    visitor.submit(
        holding="give-ID01", **{"give-ID01": "full", "give-LC04": "verify", "act": "give"}
    )
    visitor.open(deployment.ask(holder, "ID01", "LC04").address)
    visitor.submit(holding="shown", act="refuse")
    visitor.open(deployment.ask(holder, "ID01").address)
    visitor.submit(holding="give-ID01", **{"give-ID01": "summary", "act": "give"})
    newest, _ = sorted(deployment.consents(holder), key=lambda one: -one.created_at_ms)
    visitor.open(f"/space/consents/{newest.grant_id.hex()}/revoke")
    visitor.submit(holding="csrf", then="/revoke")
    for consent in deployment.consents(holder):
        for code, view in (("ID01", View.FULL), ("LC04", View.VERIFY), ("LC01", View.FULL)):
            deployment.pull(consent, code, view)
    return holder


def leaving(world: PortalWorld) -> str:
    """Return a ticket of a department that asks to sign out."""
    with world.vault.read() as tx:
        asks = next(one.client_id for one in tx.clients.all() if one.redirect_uris)
    return sealed(world.vault, Leaving(client_id=asks, onward=REDIRECT))


@pytest.mark.parametrize("how", SHOWN)
def test_every_page_is_sound(
    world: PortalWorld, window: Open, lived_in: Somebody, how: dict[str, Any]
) -> None:
    asked = world.ask(lived_in, "ID01", "LC04", "LC01", locale=how["locale"])
    with window(**how) as reader:
        walk, page = Walk(reader), reader.page
        walk.open("sign-in", "/space/sign-in")
        page.check("input[name=kind][value=other]")
        page.select_option("#other-kind", "passport_cn")
        page.fill("#number", "E1")
        page.click("form.card button[type=submit]")
        walk.look("sign-in, to be mended")
        walk.open("sign-in on the way to a request", asked.address)
        page.check("input[name=kind][value=resident_id_18]")
        page.fill("#number", lived_in.number)
        page.click("form.card button[type=submit]")
        walk.look("code")
        page.fill("#code", world.code())
        page.click("form.card button[type=submit]")
        walk.look("request")
        for summary in page.locator("summary").all():
            summary.click()
        walk.look("request, opened")
        page.check("input[name=give-ID01][value=full]")
        page.click("button[value=preview]")
        walk.look("preview")
        page.locator("form[action*=consent]").evaluate("one => { one.noValidate = true; }")
        page.click("button[value=give]")
        walk.look("request, to be completed")
        for name in ("", "/records", "/consents", "/accesses", "/check"):
            walk.open(name or "home", f"/space{name}")
        for name, link in (
            ("record", "a.row"),
            ("narrow", "a[href$=narrow]"),
            ("revoke", "a[href$=revoke]"),
            ("entry", ".entry .actions a >> nth=0"),
        ):
            of = {"record": "records", "entry": "accesses"}.get(name, "consents")
            reader.go(f"/space/{of}")
            page.click(f"{link} >> nth=0")
            walk.look(name)
        reader.go("/space/accesses")
        page.click(".entry:has(.icon-accesses) .actions a >> nth=0")
        walk.look("a look of a department")
        for way in page.locator("button[name=kind]").all()[:1]:  # Once; it stays demanded.
            way.click()
        walk.look("a demand about it")
        reader.go("/space/consents")
        page.click("form[action$=pause] button >> nth=0")
        walk.look("paused")
        page.click("a[href$=resume]")
        walk.look("resume")
        walk.open("leave", f"{PAGE}?ticket={leaving(world)}")
        walk.open("left", "/space/left")
        walk.open("nowhere", "/space/nowhere")
        for name, path in builder_of(world, lived_in).items():
            walk.open(name, path)

    assert walk.wrong == {}
    assert len(walk.seen) == 28


def builder_of(world: PortalWorld, holder: Somebody) -> dict[str, str]:
    """Let somebody be a developer whose system was refused; return the pages of developers."""
    with world.vault.read() as tx:
        department = tx.departments.find(MARKET)
        assert department is not None
        client = next(
            one for one in tx.clients.all() if one.department_id == department.department_id
        )
        before = tx.refusals.of_client(client.client_id, limit=1)
    if not before:
        one = RefusedRequest(
            correlation="0123456789abcdef",
            client_id=client.client_id,
            proven=False,
            at=world.now(),
            method="POST",
            path="/oauth/token",
            status=401,
            error="invalid_client",
            reason="the signature does not verify",
        )
        with world.vault.work() as tx:
            tx.refusals.keep([one])
    appoint_developer(world.vault, world.number(holder), department_id=department.department_id)
    return {
        "developer": "/developer",
        "system": f"/developer/clients/{client.client_id}",
        "refused": "/developer/refusal?id=0123456789abcdef",
        "refused, not found": "/developer/refusal?id=0",
    }


@pytest.mark.parametrize("how", SHOWN)
def test_every_page_of_kiosks_and_counters_is_sound(
    world: PortalWorld, window: Open, how: dict[str, Any]
) -> None:
    holder = world.settled()
    kiosk = WindowSystem(world, Profile.KIOSK).registered()
    counter = WindowSystem(world, Profile.COUNTER).registered()
    told = kiosk.begin(holder)
    with window(**how) as reader:
        walk, page = Walk(reader), reader.page
        walk.open("sign-in on the way to a machine", told["verification_uri_complete"])
        reader.sign_in(holder)
        walk.look("code of a machine, to be compared")
        page.click("form.card button[type=submit]")
        walk.look("request of a machine")
        walk.open("code of a machine", "/space/device")
        page.fill("#user-code", "BCDF-GHJK")
        page.click("form.card button[type=submit]")
        walk.look("code of a machine, wrong")
        walk.open("no counter waits", "/space/asked")
        walk.open("code for a counter", "/space/show")
        page.click("form[action$=show] button")
        walk.look("code for a counter, shown")
        counter.ask(holder)
        walk.open("home with a counter that waits", "/space")
        walk.open("a counter waits", "/space/asked")
        page.click("a.row >> nth=0")
        walk.look("request of a counter")
        page.locator("form[action*=asked]").evaluate("one => { one.noValidate = true; }")
        page.click("button[value=give]")
        walk.look("request of a counter, to be completed")
        page.check("input[name=give-LC04][value=verify]")
        page.check("input[name=give-LC01][value=none]")
        page.check(f"input[name=number][value='{NUMBER}']")
        page.click("button[value=give]")
        walk.look("given")
        for outcome in ("declined", "reported", "mismatched", "unmet"):
            walk.open(outcome, f"/space/decided/{outcome}")

    assert walk.wrong == {}
    assert len(walk.seen) == 17


@pytest.mark.parametrize("how", SHOWN)
def test_every_page_of_acting_for_somebody_is_sound(
    world: PortalWorld, window: Open, how: dict[str, Any]
) -> None:
    agent = world.settled()
    give_licence(world, world.enterprise(), agent)
    with window(**how) as reader:
        walk, page = Walk(reader), reader.page
        reader.sign_in(agent)
        walk.open("mandates", "/space/mandates")
        page.click("main a[href$=give]")
        walk.look("give a mandate")
        page.fill("#number", "1")
        page.click("form.card button[type=submit]")
        walk.look("a mandate to be mended")
        page.goto(f"{world.origin}/space/mandates")
        page.click("main a[href$=end] >> nth=0")
        walk.look("give a mandate back")
        page.goto(f"{world.origin}/space/mandates")
        page.click("main form[action*=acting] button")
        walk.look("acting for somebody")
        for name in ("records", "consents", "accesses", "mandates"):
            walk.open(f"{name} of somebody", f"/space/{name}")
        page.click(".acting button")
        walk.look("back again")

    assert walk.wrong == {}
    assert len(walk.seen) == 10


@pytest.mark.parametrize("how", SHOWN)
def test_the_page_of_what_may_be_missing_is_sound_and_gives_its_file(
    world: PortalWorld, window: Open, how: dict[str, Any]
) -> None:
    cookies = world.strong(world.settled()).http.cookies.jar
    with window(**how) as reader:
        walk, page = Walk(reader), reader.page
        reader.context.add_cookies(
            [{"name": one.name, "value": one.value or "", "url": world.origin} for one in cookies]
        )
        walk.open("complete", "/space/complete")
        page.click("summary")
        walk.look("complete, for whoever helps")
        with page.expect_download() as download:
            page.click("form[action$=complete] button")
        name = download.value.suggested_filename

    assert (walk.wrong, name) == ({}, "myspace-journal-key.json")
    assert len(walk.seen) == 2


def test_the_walk_notices_what_is_wrong(window: Open) -> None:
    with window(viewport=PHONE) as reader:
        walk = Walk(reader)
        reader.go("/space/check")
        reader.page.evaluate(
            """document.querySelector("main").innerHTML += "<h1>2</h1><img src='//example.org/x'>"
            + "<pre><button>" + "wide".repeat(200)"""
        )
        reader.page.wait_for_function("window.violations.length")
        walk.look("spoilt")

    told = "\n".join(walk.wrong["spoilt"])
    for fault in ("policy: img-src", "wider than", "not one heading", "axe: image-alt"):
        assert fault in told


@pytest.mark.parametrize(("viewport", "locale"), [(PHONE, "zh-CN"), (DESKTOP, "en")])
def test_text_is_large_enough_to_read(
    world: PortalWorld, window: Open, viewport: dict[str, int], locale: str
) -> None:
    with window(viewport=viewport, locale=locale) as reader:
        reader.sign_in(world.settled())
        size = reader.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        smallest = reader.page.evaluate(
            "Math.min(...[...document.querySelectorAll('main *')]"
            ".map(one => parseFloat(getComputedStyle(one).fontSize)))"
        )

    assert size >= 18
    assert smallest >= 15


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_consent_is_given_with_a_mouse(
    world: PortalWorld, window: Open, *, scripts: bool
) -> None:
    holder = world.settled()
    asked = world.ask(holder, "ID01", "LC04")
    with window(java_script_enabled=scripts) as reader:
        page = reader.page
        reader.go(asked.address)
        reader.sign_in(holder)
        page.check("input[name=give-ID01][value=full]")
        page.click("summary >> nth=0")
        page.check("input[name=without-ID01][value=id_number]")
        page.check("input[name=give-LC04][value=none]")
        with page.expect_request(f"{REDIRECT}?*") as led:
            page.click("button[value=give]")

    [consent] = world.consents(holder)
    assert {code: one.fields for code, one in consent.details.evidence.items()} == {
        "ID01": {"name", "valid_to"}
    }
    assert led.value.url.startswith(f"{REDIRECT}?code=")


def test_everything_works_without_scripts(world: PortalWorld, window: Open) -> None:
    holder = world.settled()
    visitor = world.member(holder)
    visitor.open(world.ask(holder, "ID01", "LC04").address)
    visitor.submit(
        holding="give-ID01", **{"give-ID01": "full", "give-LC04": "verify", "act": "give"}
    )
    with window(java_script_enabled=False, viewport=PHONE) as reader:
        page = reader.page
        reader.sign_in(holder)
        reader.go("/space/records")
        page.click("a.row")
        page.click("summary >> nth=0")
        number = page.get_by_text(holder.number).is_visible()
        reader.go("/space/consents")
        page.click("a[href$=narrow]")
        page.uncheck("input[name=keep][value=LC04]")
        page.click("form.card button[type=submit]")
        narrowed = page.get_by_role("status").inner_text()
        page.click("a[href$=revoke]")
        page.click("form[action$=revoke] button")
        revoked = page.get_by_role("status").inner_text()
        reader.go("/space/accesses")
        with page.expect_download() as saved:
            page.click("a[href$=receipt] >> nth=0")
        page.click("form[action$=sign-out] button")

    assert number
    assert narrowed.startswith("授权已缩小。")
    assert revoked.startswith("授权已收回。")
    assert re.fullmatch(r"receipt-\d+\.zip", saved.value.suggested_filename)
    assert page.url.endswith("/space/sign-in")


def test_signing_in_and_consenting_takes_no_mouse(world: PortalWorld, window: Open) -> None:
    holder = world.settled()
    asked = world.ask(holder, "ID01", "LC04")
    with window() as reader:
        keys = reader.page.keyboard
        reader.go(asked.address)
        tab_to(reader, "INPUT kind resident_id_18")
        tab_to(reader, "INPUT number ")
        keys.type(holder.number)
        keys.press("Enter")
        reader.page.wait_for_url("**/code?*")
        assert reader.focused() == "INPUT code "  # The one thing to do on that page.
        keys.type(world.code())
        keys.press("Enter")
        reader.page.wait_for_url("**/space/consent/*")
        tab_to(reader, "INPUT give-ID01 verify")
        keys.press("ArrowDown")  # To the masked view,
        keys.press("ArrowDown")  # and to the full one.
        tab_to(reader, "INPUT give-LC04 ")
        keys.press("Space")
        tab_to(reader, "BUTTON act give")
        outline = reader.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        with reader.page.expect_request(f"{REDIRECT}?*") as led:
            keys.press("Enter")

    [consent] = world.consents(holder)
    assert {code: one.view for code, one in consent.details.evidence.items()} == {
        "ID01": View.FULL,
        "LC04": View.VERIFY,
    }
    assert outline == "solid"
    assert led.value.url.startswith(f"{REDIRECT}?code=")


def test_the_first_key_leads_past_the_menu(window: Open) -> None:
    with window() as reader:
        reader.go("/space/check")
        reader.page.keyboard.press("Tab")
        text = reader.page.locator(":focus").inner_text()
        reader.page.keyboard.press("Enter")
        reader.page.keyboard.press("Tab")
        inside = reader.page.evaluate(
            "document.querySelector('main').contains(document.activeElement)"
            " || document.activeElement.closest('footer') !== null"
        )

    assert text == "跳到正文"
    assert inside


def test_after_signing_out_the_back_button_shows_nothing(world: PortalWorld, window: Open) -> None:
    holder = world.settled()
    with window() as reader:
        page = reader.page
        reader.sign_in(holder)
        reader.go("/space/records")
        page.click("a.row >> nth=0")
        page.click("form[action$=sign-out] button")
        page.go_back()
        url, text = page.url, page.inner_text("body")

    assert "/space/sign-in?onward=" in url
    assert holder.name not in text


def test_two_browsers_do_not_share_a_sign_in(world: PortalWorld, window: Open) -> None:
    with window() as first, window() as second:
        first.sign_in(world.settled())
        second.go("/space")

        assert first.page.url.endswith("/space")
        assert second.page.url.endswith("/space/sign-in")


def test_a_page_elsewhere_can_neither_frame_nor_post(world: PortalWorld, window: Open) -> None:
    attack = f"""<!doctype html><title>x</title>
      <iframe name="inside" src="{world.origin}/space"></iframe>
      <form method="post" action="{world.origin}/space/sign-out"><button>Win</button></form>"""
    holder = world.settled()
    with window() as reader:
        page = reader.page
        reader.sign_in(holder)
        page.route(
            "http://attacker.example/**",
            lambda route: route.fulfill(body=attack, content_type="text/html"),
        )
        page.goto("http://attacker.example/")
        [frame] = [one for one in page.frames if one.name == "inside"]
        framed = frame.url
        page.click("button")
        refused = page.locator("h1").inner_text()  # Not even the cookie travelled.
        reader.go("/space")
        still = page.url

    assert framed == "chrome-error://chromewebdata/"
    assert refused == "登录我的空间"
    assert still.endswith("/space")


def test_a_printed_entry_shows_the_entry_alone(world: PortalWorld, window: Open) -> None:
    holder = world.settled()
    with window() as reader:
        page = reader.page
        reader.sign_in(holder)
        reader.go("/space/accesses")
        page.click(".entry .actions a >> nth=0")
        page.emulate_media(media="print")
        seen = {
            name: page.locator(name).first.is_visible()
            for name in ("header.top", "nav.tabs", "footer.foot", ".buttons", "h1", ".print-only")
        }

    assert seen == {
        "header.top": False,
        "nav.tabs": False,
        "footer.foot": False,
        ".buttons": False,
        "h1": True,
        ".print-only": True,
    }


def tab_to(reader: Reader, wanted: str, *, most: int = 60) -> None:
    """Press Tab until what is ``wanted`` has the keyboard."""
    for _ in range(most):
        reader.page.keyboard.press("Tab")
        if reader.focused().startswith(wanted):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")
