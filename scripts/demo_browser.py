"""A holder's browser: cookies, forms with their tokens, redirects followed by hand.

Knows the portal only as a person does, by its pages. A redirect that leaves the portal, such
as the one back to a department, is not followed: its address is what the caller wants.
"""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests

from api.consent_page import Text
from scripts.demo_clients import REDIRECT
from scripts.demo_page import Form, Page

TIMEOUT_SECONDS: Final = 30
CODE_SECONDS: Final = 20
MAX_REDIRECTS: Final = 8

_CODE_LINE: Final = re.compile(r"^(?P<at>\S+)\t(?P<contact>[^\t]*)\t(?P<code>[0-9]{6})$")


class StoryError(Exception):
    """A step of the story came out otherwise than told.

    Attributes:
        text: What happened instead, in both languages.
    """

    def __init__(self, zh: str, en: str) -> None:
        """Keep what happened."""
        super().__init__(en)
        self.text = Text(zh, en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The file into which the demo's gateway writes one-time codes."""

    path: Path
    patience_seconds: float = CODE_SECONDS

    def count(self) -> int:
        """Return how many codes were written so far."""
        return len(self._lines())

    def after(self, count: int) -> str:
        """Wait for the code that follows the first ``count``.

        Raises:
            StoryError: None came.
        """
        until = time.monotonic() + self.patience_seconds
        while time.monotonic() < until:
            found = self._lines()[count:]
            if found:
                return found[0]
            time.sleep(0.05)
        raise StoryError("没有收到验证码", "no one-time code came")

    def _lines(self) -> list[str]:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return []
        return [found["code"] for line in text.splitlines() if (found := _CODE_LINE.match(line))]


class Browser:
    """One browser of one person."""

    def __init__(self, origin: str, *, locale: str) -> None:
        """Open a browser without cookies; ``locale`` is what the person reads."""
        self._origin = origin
        self._session = requests.Session()
        self._session.trust_env = False  # Neither proxies nor stored credentials.
        self._session.headers["Accept-Language"] = locale
        self.page = Page("")
        self.url = origin

    def open(self, address: str) -> Page:
        """Follow a link.

        Raises:
            StoryError: The server answers with an error, or leads elsewhere.
        """
        left = self._go(urljoin(self.url, address))
        if left:
            raise StoryError(f"页面跳到了别处：{left}", f"the page leads elsewhere: {left}")
        return self.page

    def submit(self, form: Form, **values: str) -> Page:
        """Fill in and send a form of the page; return the page that follows.

        Raises:
            StoryError: The answer is an error, or leads elsewhere.
        """
        left = self.send(form, **values)
        if left:
            raise StoryError(f"页面跳到了别处：{left}", f"the page leads elsewhere: {left}")
        return self.page

    def send(self, form: Form, **values: str) -> str:
        """Fill in and send a form; return where it leads outside the portal, or nothing.

        Raises:
            StoryError: The answer is an error.
        """
        address = urljoin(self.url, form.action)
        return self._go(address, data=form.filled(values))

    def download(self, address: str) -> bytes:
        """Return the bytes behind a link.

        Raises:
            StoryError: There are none.
        """
        found = self._session.get(
            urljoin(self.url, address), timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
        _check(found)
        return found.content

    def sign_in(self, kind: str, *, number: str, codes: Codes) -> None:
        """Sign in with a number and the one-time code that is sent.

        Raises:
            StoryError: It does not work.
        """
        before = codes.count()
        self.submit(self.page.form(holding="number"), kind=kind, number=number)
        code = codes.after(before)
        self.submit(self.page.form(holding="code"), code=code)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _go(self, address: str, *, data: list[tuple[str, str]] | None = None) -> str:
        for _ in range(MAX_REDIRECTS):
            if not self._inside(address):
                return address
            answer = self._ask(address, data=data)
            if not answer.is_redirect:
                _check(answer)
                self.page, self.url = Page(answer.text), address
                return ""
            address, data = urljoin(address, answer.headers["Location"]), None
        raise StoryError("跳转次数过多", "too many redirects")

    def _ask(self, address: str, *, data: list[tuple[str, str]] | None) -> requests.Response:
        if data is None:
            return self._session.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        headers = {"Origin": self._origin, "Sec-Fetch-Site": "same-origin"}
        return self._session.post(
            address, data=data, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )

    def _inside(self, address: str) -> bool:
        parts = urlsplit(address)
        inside = f"{parts.scheme}://{parts.netloc}" == self._origin
        return inside and not address.startswith(f"{REDIRECT}?")  # The port may be the portal's.


def _check(answer: requests.Response) -> None:
    if not answer.ok or answer.is_redirect:
        told = Page(answer.text).text[:300]
        raise StoryError(
            f"服务器回答 {answer.status_code}：{told}",
            f"the server answered {answer.status_code}: {told}",
        )
