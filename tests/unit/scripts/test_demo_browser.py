"""The holder's browser, against a small server of our own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from scripts.demo_browser import Browser, Codes, StoryError

FORM = '<form method="post" action="/sent"><input name="number"></form>'


class Server(BaseHTTPRequestHandler):
    """Redirects, a form, an error; keeps what it got."""

    seen: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        if self.path == "/away":
            self.answer(303, location="http://department.example/callback?code=1")
        elif self.path == "/loop":
            self.answer(303, location="/loop")
        elif self.path == "/start":
            self.answer(303, location="/form")
        elif self.path == "/form":
            self.answer(200, FORM)
        else:
            self.answer(404, "<h1>Gone</h1>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.headers["Origin"], self.headers["Sec-Fetch-Site"], body))
        self.answer(303, location="/away" if "leave" in body else "/form")

    def answer(self, status: int, body: str = "", *, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        opened = Browser(f"http://127.0.0.1:{server.server_port}", locale="en")
        yield opened
        opened.close()
        server.shutdown()
        thread.join()


def test_redirects_inside_the_portal_are_followed(browser: Browser) -> None:
    page = browser.open("/start")

    assert page.forms[0].action == "/sent"
    assert browser.url.endswith("/form")


def test_a_form_is_sent_as_from_its_own_origin(browser: Browser) -> None:
    Server.seen.clear()
    page = browser.open("/form")

    browser.submit(page.forms[0], number="42")

    origin = browser.url.removesuffix("/form")
    assert Server.seen == [(origin, "same-origin", "number=42")]


def test_an_address_outside_is_returned_and_not_visited(browser: Browser) -> None:
    page = browser.open("/form")

    left = browser.send(page.forms[0], number="leave")

    assert left == "http://department.example/callback?code=1"


def test_a_page_that_leads_elsewhere_ends_the_story(browser: Browser) -> None:
    form = browser.open("/form").forms[0]

    with pytest.raises(StoryError, match=r"department\.example"):
        browser.open("/away")
    with pytest.raises(StoryError, match=r"department\.example"):
        browser.submit(form, number="leave")


def test_an_error_page_ends_the_story_with_its_words(browser: Browser) -> None:
    with pytest.raises(StoryError, match="404: Gone"):
        browser.open("/nowhere")
    with pytest.raises(StoryError, match="404: Gone"):
        browser.download("/nowhere")


def test_a_download_is_bytes(browser: Browser) -> None:
    assert browser.download("/form") == FORM.encode()


def test_endless_redirects_end_the_story(browser: Browser) -> None:
    with pytest.raises(StoryError, match="redirects"):
        browser.open("/loop")


def test_a_code_is_the_one_that_came_after(tmp_path: Path) -> None:
    codes = Codes(path=tmp_path / "codes.txt")
    assert codes.count() == 0

    codes.path.write_text("2026-01-01T08:00:00+08:00\t139****0000\t111111\nnoise\n")
    assert codes.count() == 1

    with codes.path.open("a") as file:
        file.write("2026-01-01T08:01:00+08:00\t139****0000\t222222\n")
    assert codes.after(1) == "222222"


def test_a_code_that_does_not_come_ends_the_story(tmp_path: Path) -> None:
    codes = Codes(path=tmp_path / "codes.txt", patience_seconds=0.1)

    with pytest.raises(StoryError, match="no one-time code"):
        codes.after(0)
