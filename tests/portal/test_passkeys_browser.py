"""The ceremonies of passkeys in Chromium, with an authenticator of its own making."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession

from scripts.demo_clients import REDIRECT
from tests.portal.test_passkeys import sensitive
from tests.support.chromium import DESKTOP, PHONE, Reader, chromium, reading
from tests.support.page_walk import SHOWN, Walk
from tests.support.portal_world import PortalWorld, open_portal
from vault.clients.levels import AAL2

pytestmark = pytest.mark.browser

Open = Callable[..., AbstractContextManager[Reader]]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
    "defaultBackupEligibility": True,
    "defaultBackupState": True,
}
GO = "button[data-go]"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalWorld]:
    """Return a portal at a host that browsers make passkeys for."""
    with open_portal(tmp_path_factory.mktemp("passkeys"), host="localhost") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def window(browser: Browser, world: PortalWorld) -> Open:
    """Return what opens a window without cookies."""
    world.messages()
    return partial(reading, browser, world)


def plugged(reader: Reader, **other: Any) -> tuple[CDPSession, str]:  # noqa: ANN401 - any option
    """Give the window an authenticator; return the session that drives it, and its name."""
    session = reader.context.new_cdp_session(reader.page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE | other})
    return session, made["authenticatorId"]


def add(reader: Reader) -> None:
    """Add a passkey, starting at the list."""
    page = reader.page
    reader.go("/space/passkeys")
    page.click("a[href='/space/passkeys/add']")
    page.fill("#name", "我的手机")
    page.click(GO)
    page.wait_for_url("**/space/passkeys?done=added")


@pytest.mark.parametrize("how", SHOWN)
def test_a_passkey_is_added_signs_in_confirms_and_goes(
    world: PortalWorld, window: Open, how: dict[str, Any]
) -> None:
    holder = world.settled()
    href = sensitive(world, holder)
    asked = world.ask(holder, "ID01", asks={"acr_values": AAL2})
    with window(**how) as reader:
        walk, page = Walk(reader), reader.page
        session, device = plugged(reader)
        reader.sign_in(holder)
        walk.open("confirm, without a passkey", href)
        walk.open("no passkeys", "/space/passkeys")
        page.click("a[href='/space/passkeys/add']")
        walk.look("add")
        page.fill("#name", "我的手机")
        page.click(GO)
        page.wait_for_url("**/space/passkeys?done=added")
        walk.look("added")
        kept = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
        page.click("form[action$=sign-out] button")
        page.click("a[href='/space/sign-in/passkey']")
        walk.look("sign in with a passkey")
        page.click(GO)
        page.wait_for_url("**/space")
        page.click("form[action$=sign-out] button")
        reader.sign_in(holder)
        reader.go(asked.address)
        page.wait_for_url("**/space/confirm?*")
        walk.look("confirm")
        page.click(GO)
        page.wait_for_url("**/space/consent/*")
        walk.look("request, confirmed")
        request = page.url
        reader.go(href)
        opened = page.url
        reader.go("/space/passkeys")
        page.click("a[href$=remove]")
        walk.look("remove")
        page.click("form[action$=remove] button")
        gone = page.get_by_role("status").count()
        reader.go(request)
        page.check("input[name=give-ID01][value=full]")
        with page.expect_request(f"{REDIRECT}?*") as led:
            page.click("button[value=give]")

    assert walk.wrong == {}
    assert [one["isResidentCredential"] for one in kept] == [True]
    assert led.value.url.startswith(f"{REDIRECT}?code=")
    assert opened == world.origin + href
    assert gone == 1


def test_what_is_called_off_can_be_tried_again(world: PortalWorld, window: Open) -> None:
    with window() as reader:
        page = reader.page
        session, device = plugged(reader)
        reader.sign_in(world.settled())
        reader.go("/space/passkeys/add")
        page.fill("#name", "我的手机")
        session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False}
        )
        page.click(GO)
        page.wait_for_selector("[data-told=failed]:visible")
        session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True}
        )
        page.click(GO)
        page.wait_for_url("**/space/passkeys?done=added")


def test_a_device_that_has_a_passkey_makes_no_second_one(world: PortalWorld, window: Open) -> None:
    with window() as reader:
        page = reader.page
        plugged(reader)
        reader.sign_in(world.settled())
        add(reader)
        page.click("form[action$=sign-out] button")
        reader.go("/space/sign-in/passkey?onward=/space/passkeys/add")
        page.click(GO)
        page.wait_for_url("**/space/passkeys/add")
        page.fill("#name", "again")
        page.click(GO)
        page.wait_for_selector("[data-told=known]:visible")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_a_browser_that_knows_no_passkeys_says_so(window: Open, viewport: dict[str, int]) -> None:
    with window(viewport=viewport) as reader:
        reader.page.add_init_script("delete window.PublicKeyCredential")
        reader.go("/space/sign-in/passkey")
        told = reader.page.locator("[data-told=unable]").is_visible()
        button = reader.page.locator(GO).is_visible()

    assert (told, button) == (True, False)


def test_without_scripts_the_page_says_how_to_go_on(world: PortalWorld, window: Open) -> None:
    holder = world.settled()
    with window(java_script_enabled=False) as reader:
        reader.go("/space/sign-in/passkey")
        told = reader.page.get_by_text("您的浏览器没有开").is_visible()
        button = reader.page.locator(GO).is_visible()
        reader.page.click("a.back")
        reader.sign_in(holder)
        reader.go("/space/passkeys")
        listed = reader.page.locator("h1").inner_text()

    assert (told, button, listed) == (True, False, "通行密钥")
