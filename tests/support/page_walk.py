"""Walks through the portal in Chromium and keeps what is wrong with each page.

Whoever wants to look as well gets a picture of every page on the way:

    PICTURES=pictures .venv/bin/pytest tests/portal -k is_sound
"""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no types

from tests.support.chromium import DESKTOP, PHONE, Reader

RULES = ["best-practice", "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
SHOWN = [
    pytest.param({"viewport": PHONE, "locale": "zh-CN", "color_scheme": "light"}, id="phone-zh"),
    pytest.param({"viewport": PHONE, "locale": "en", "color_scheme": "dark"}, id="phone-en"),
    pytest.param({"viewport": DESKTOP, "locale": "zh-CN", "color_scheme": "dark"}, id="wide-zh"),
    pytest.param({"viewport": DESKTOP, "locale": "en", "color_scheme": "light"}, id="wide-en"),
]

SMALL = """
// What is smaller than 44 pixels (WCAG 2.2, 2.5.5), links within a sentence aside.
() => [...document.querySelectorAll("a, button, select, summary, input:not([type=hidden])")]
  .map(one => one.closest("label") || one)
  .filter(one => one.checkVisibility() && getComputedStyle(one).position !== "absolute")
  .filter(one => getComputedStyle(one).display !== "inline")
  .filter(one => { const box = one.getBoundingClientRect();
                   return box.height < 43.5 || box.width < 43.5; })
  .map(one => one.outerHTML.slice(0, 120))
"""


class Walk:
    """Looks at page after page and keeps what is wrong with each."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.wrong: dict[str, list[str]] = {}
        self.seen: list[str] = []

    def look(self, name: str) -> None:
        """Judge the page that is shown."""
        reader, page = self._reader, self._reader.page
        page.wait_for_load_state()  # A click may have led elsewhere.
        found = [f"policy: {one}" for one in reader.refused()]
        if reader.overflow() > 0:
            found.append(f"wider than the window by {reader.overflow()}")
        if not page.title() or page.locator("h1").count() != 1:
            found.append("no title, or not one heading")
        found += [f"small: {one}" for one in page.evaluate(SMALL)]
        found += [
            f"axe: {one['id']} {[node['html'][:120] for node in one['nodes']]}"
            for one in Axe().run(page, options=AXE).response["violations"]
        ]
        reader.complaints.clear()
        self._draw(name)
        self.seen.append(name)
        if found:
            self.wrong[name] = found

    def open(self, name: str, path: str) -> None:
        """Open a page and judge it."""
        self._reader.go(path)
        self.look(name)

    def _draw(self, name: str) -> None:
        folder = os.environ.get("PICTURES")
        if not folder:
            return
        page = self._reader.page
        size = "phone" if page.viewport_size == PHONE else "wide"
        shown = f"{size}-{page.locator('html').get_attribute('lang')}"
        file = f"{shown}-{len(self.seen):02}-{name.strip('/').replace(' ', '-')}.png"
        page.screenshot(path=Path(folder) / file, full_page=True)
