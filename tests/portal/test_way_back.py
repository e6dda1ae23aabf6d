"""The page that posts an answer to a department, in Chromium: with scripts and without."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no types
from playwright.sync_api import Browser, Page, Request, Route

from api.way_back import WayBack
from tests.portal.test_browser import AXE, SHOWN, SMALL
from tests.support.chromium import WATCH, chromium

pytestmark = pytest.mark.browser

OURS = "https://space.example.org/space/consent/1"
THEIRS = "https://client.example.org/cb?flow=1"
SIGNED = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def opened(browser: Browser, *, waits: bool = False, **how: Any) -> tuple[Page, list[Request]]:  # noqa: ANN401 - any option
    """Open the page; return it and what the department got. ``waits`` takes the script out."""
    response = WayBack(location=THEIRS, fields={"response": SIGNED}).response()
    body = bytes(response.body).decode()
    got: list[Request] = []

    def ours(route: Route) -> None:
        text = body.replace("document.forms[0].submit()", "") if waits else body
        route.fulfill(status=200, headers=dict(response.headers), body=text)

    def theirs(route: Route) -> None:
        got.append(route.request)
        route.fulfill(status=200, content_type="text/html", body="<title>Thank you</title>")

    page = browser.new_context(**how).new_page()
    page.add_init_script(WATCH)
    page.route(OURS, ours)
    page.route(THEIRS, theirs)
    page.goto(OURS)
    return page, got


def assert_got(got: list[Request]) -> None:
    """Require exactly one answer, posted."""
    [request] = got
    assert (request.method, request.url) == ("POST", THEIRS)
    assert parse_qs(request.post_data or "") == {"response": [SIGNED]}


def test_b17_where_scripts_run_the_page_sends_itself(browser: Browser) -> None:
    page, got = opened(browser)

    page.wait_for_url(THEIRS)

    assert_got(got)
    page.context.close()


def test_b17_where_no_scripts_run_a_button_sends_it(browser: Browser) -> None:
    page, got = opened(browser, java_script_enabled=False)
    assert got == []

    page.get_by_role("button").click()
    page.wait_for_url(THEIRS)

    assert_got(got)
    page.context.close()


@pytest.mark.parametrize("how", SHOWN)
def test_the_page_is_sound(browser: Browser, how: dict[str, Any]) -> None:
    page, _ = opened(browser, waits=True, **how)

    too_wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    found = Axe().run(page, options=AXE).response["violations"]

    assert (too_wide, page.evaluate(SMALL)) == (0, [])
    assert [one["id"] for one in found] == []
    page.context.close()
