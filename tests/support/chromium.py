"""Chromium as Debian ships it, driven over a pipe; it talks to loopback only."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from scripts.demo_people import Somebody
from tests.support.portal_world import PortalWorld

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--proxy-server=direct://",
)
PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1280, "height": 900}

WATCH: Final = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective + " " + event.blockedURI);
});
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser while the block runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Reader:
    """A person in front of a browser.

    Attributes:
        complaints: What the browser refused or could not load.
    """

    world: PortalWorld
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the portal."""
        self.page.goto(path if path.startswith("http") else self.world.origin + path)

    def sign_in(self, holder: Somebody) -> None:
        """Fill in number and code, from the page that asks for them or from the first one."""
        if not self.page.locator("#number").count():
            self.go("/space/sign-in")
        self.page.check(f"input[name=kind][value={holder.kind.value}]")
        self.page.fill("#number", holder.number)
        self.page.click("form.card button[type=submit]")
        self.page.fill("#code", self.world.code())
        self.page.click("form.card button[type=submit]")

    def hear(self, told: ConsoleMessage) -> None:
        """Keep an error of the console; an answer of 4xx to a page itself is none of those."""
        of_page = "/static/" not in told.location["url"]
        if told.type == "error" and not (of_page and "with a status of 4" in told.text):
            self.complaints.append(told.text)

    def refused(self) -> list[str]:
        """Return what the page's own policy stopped on this page."""
        found: list[str] = self.page.evaluate("window.violations || []")
        return [*self.complaints, *found]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    def focused(self) -> str:
        """Return what has the keyboard: its tag, name and value."""
        found: str = self.page.evaluate(
            "(e => [e.tagName, e.name || '', e.value || ''].join(' '))(document.activeElement)"
        )
        return found


@contextmanager
def reading(
    browser: Browser,
    world: PortalWorld,
    *,
    locale: str = "zh-CN",
    viewport: dict[str, int] = DESKTOP,
    **how: Any,  # noqa: ANN401 - whatever a context takes
) -> Iterator[Reader]:
    """Open a window without cookies while the block runs."""
    context = browser.new_context(locale=locale, viewport=viewport, **how)  # type: ignore[arg-type]  # a size
    context.set_default_timeout(10_000)
    context.add_init_script(WATCH)
    reader = Reader(world, context, context.new_page())
    reader.page.on("console", reader.hear)
    reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
    try:
        yield reader
    finally:
        context.close()
