"""Strings that must be nowhere in clear, and the search for them in every byte of a folder.

What a department's system sends and gets is listened to (``Tapped``), so that whatever secret a
new flow brings is looked for without being named; whatever has the form of a token of ours is
found even if nobody has listened (``tokens_in``).
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote

import requests

from scripts.demo_clients import DemoClient
from scripts.demo_department import DepartmentSystem

TOKEN: Final = re.compile(rb"v(?:pr|co|at|rt|dc|cb|rg|in|br)_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")
"""Everything that the authorization server hands out (oauth.md 5)."""

SENT: Final = frozenset(
    {
        *("client_assertion", "code", "code_verifier", "refresh_token", "token"),
        *("request", "device_code", "auth_req_id", "subject_token", "login_hint_token"),
        *("client_notification_token", "user_code"),
    }
)
"""Parameters of a form that are secret, or prove something while they are fresh."""


@dataclass
class Canaries:
    """What must not be found, by what it is."""

    planted: dict[str, str] = field(default_factory=dict)

    def put(self, what: str, value: str) -> str:
        """Remember ``value``, and return it to be planted."""
        self.planted[what] = value
        return value

    def found(self, folder: Path) -> list[tuple[str, str]]:
        """Return which canary is in which file, in any of the usual writings."""
        written = [
            (what, one) for what, value in self.planted.items() for one in set(writings(value))
        ]
        return [
            (what, path.name)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            for content in [path.read_bytes()]
            for what, one in written
            if one in content
        ]


def writings(value: str) -> Iterator[bytes]:
    """Yield ``value`` as bytes, as UTF-16, escaped as in JSON and URLs, as hex and base64."""
    plain = value.encode()
    yield plain
    yield value.encode("utf-16-le")
    yield value.encode("ascii", "backslashreplace")
    yield plain.hex().encode()
    yield quote(value).encode()
    for shift in range(3):  # Base64 depends on where in a group of three the value begins.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(shift) + plain)[4 if shift else 0 : -4]


def tokens_in(folder: Path) -> list[tuple[str, str]]:
    """Return whatever looks like a token of ours, and in which file it is."""
    return [
        (found.decode(), path.name)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for found in TOKEN.findall(path.read_bytes())
    ]


class Tapped(DepartmentSystem):
    """A department's system whose secrets are remembered as they go over the wire.

    Attributes:
        heard: What was heard, by what it is.
    """

    def __init__(self, client: DemoClient, *, origin: str) -> None:
        """Connect, and listen."""
        super().__init__(client, origin=origin)
        self.heard: Final[list[tuple[str, str]]] = []
        self._session.hooks["response"].append(self._hear)

    def _hear(self, response: requests.Response, **_: object) -> None:
        sent = response.request
        for name in ("DPoP", "Authorization"):
            if value := sent.headers.get(name):
                self.heard.append((name, value.rpartition(" ")[2]))
        if isinstance(sent.body, str) and not sent.body.startswith("{"):
            form = parse_qsl(sent.body)
            self.heard.extend((name, value) for name, value in form if name in SENT)
        try:
            told = response.json()
        except requests.JSONDecodeError:
            return
        found = TOKEN.findall(json.dumps(told).encode())
        self.heard.extend(("answer", one.decode()) for one in found)
