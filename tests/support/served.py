"""A real server on a free port of this machine, as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
from requests_oauth2client import AuthorizationRequest

from api.settings import PREFIX
from scripts.demo_browser import Browser, Codes
from scripts.demo_clients import read_clients
from scripts.demo_department import DepartmentSystem
from scripts.demo_people import Somebody, papers, people
from scripts.gateway import CODES_FILE
from scripts.operator_socket import ask
from scripts.registering import REGISTER, register
from tests.support.founding import open_vault, settings_of
from vault.identifiers import IdentifierKind
from vault.identifiers.synthetic import synthetic_resident_id

MYSPACE = Path(sys.executable).with_name("myspace")
ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
START_SECONDS = 60
STOP_SECONDS = 30
SOCKET = "operator.sock"

REQUESTER = "11110105PDY0010394"
ITEM = "11110105PDY00103944000131070600"
CODE = "ID01"

_numbers = count(1_400_001)


class Watched(Browser):
    """A browser whose cookies can be looked at."""

    def cookies(self) -> dict[str, str]:
        """Return name and value of each."""
        return self._session.cookies.get_dict()


@dataclass(frozen=True)
class Authorized:
    """A request of a department that its holder has granted.

    Attributes:
        address: To which the holder's browser was sent.
        callback: To which it was sent back, with the code.
    """

    requester: DepartmentSystem
    browser: Watched
    request: AuthorizationRequest
    address: str
    callback: str


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        log: File with what it writes to standard error.
        systems: What a department's system is made of.
    """

    origin: str
    data: Path
    log: Path
    systems: Callable[..., DepartmentSystem] = DepartmentSystem

    def system(self, department: str) -> DepartmentSystem:
        """Return a department's system, newly connected."""
        clients = read_clients(self.data / "demo")
        return self.systems(clients[department], origin=self.origin)

    def settled(self) -> Somebody:
        """Return somebody who has just got an identity card."""
        number = synthetic_resident_id(next(_numbers))
        holder = Somebody(
            key=f"holder-{number}",
            kind=IdentifierKind.RESIDENT_ID,
            number=number,
            name="李示例",
            contact=f"{number}@example.org",
        )
        citizen = people()["citizen"]
        (card,) = [one for one in papers() if (one.holder, one.code) == (citizen, CODE)]
        fields = {**card.fields, "name": holder.name, "id_number": holder.number}
        self.system(card.issuer).deposit(replace(card, holder=holder, fields=fields))
        return holder

    def register(self, registration: Mapping[str, Any]) -> None:
        """Let the operator enter a system, beside the running server."""
        text = json.dumps(registration)
        if ask(self.data / SOCKET, REGISTER, {"text": text}) is None:
            # Beside a shared database the operator opens it.
            with open_vault(self.data.parent, issuer=self.origin) as vault:
                register(vault, text, demo=True)

    def details(
        self, requester: DepartmentSystem, holder: Somebody, *, note: str
    ) -> dict[str, Any]:
        """Open a case of ``holder``; return what a department asks for to decide it."""
        case_no = requester.open_case(holder, item=ITEM, request_id=f"case-{time.time_ns()}")
        now = int(time.time())
        return {
            "type": "evidence_access",
            "locations": [self.origin],
            "basis": "consent",
            "subject": {"kind": holder.holder_kind},
            "purpose": {"code": "qualification", "note": note},
            "item": ITEM,
            "case": case_no,
            "evidence": [{"code": CODE, "view": "full", "fields": ["name", "id_number"]}],
            "valid": {"from": now - 60, "to": now + 3600},
            "retention_days": 30,
        }

    def decided(self, holder: Somebody, address: str, *, act: str = "give") -> tuple[Watched, str]:
        """Let ``holder`` open ``address``, sign in and decide.

        Returns:
            The browser, and the address to which it was sent back.
        """
        browser = Watched(self.origin, locale="zh-CN")
        browser.open(address)
        codes = Codes(path=self.data / "demo" / CODES_FILE)
        browser.sign_in(holder.kind.value, number=holder.number, codes=codes)
        form = browser.page.form(holding=f"give-{CODE}")
        ticked = {f"give-{CODE}": "full"} if act == "give" else {}
        return browser, browser.send(form, **ticked, act=act)

    def authorized(self, holder: Somebody, *, note: str) -> Authorized:
        """Let a department ask for the identity card of ``holder``, who consents."""
        requester = self.system(REQUESTER)
        details = self.details(requester, holder, note=note)
        request, address = requester.ask(details, locale="zh-CN")
        browser, callback = self.decided(holder, address)
        return Authorized(
            requester=requester,
            browser=browser,
            request=request,
            address=address,
            callback=callback,
        )


@contextmanager
def served(
    folder: Path,
    *,
    mode: str = "--demo",
    port: int = 0,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Served]:
    """Serve the demonstration from ``folder``, where ``town.settings_of`` looks for it too.

    Args:
        folder: Its data, keys and log.
        mode: ``--demo`` or ``--sandbox``.
        port: To listen on, 0 for a free one.
        more: Settings, by their names without ``MYSPACE_``.
    """
    settings, log = settings_of(folder), folder / ("log" if not port else f"log-{port}")
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "MYSPACE_STATE": str(settings.state),
        "MYSPACE_KEYS__ROOT_KEY_FILE": str(settings.keys.root_key_file),
        **{f"{PREFIX}{name}": value for name, value in more.items()},
    }
    if settings.postgresql is not None:
        environment["MYSPACE_POSTGRESQL__ADDRESS"] = settings.postgresql.address
        environment["MYSPACE_POSTGRESQL__PASSWORD_FILE"] = str(settings.postgresql.password_file)
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            [MYSPACE, "serve", mode, "--port", str(port), "--data", settings.data],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            origin = greeted(process, log=log)
            answers(f"http://127.0.0.1:{port}" if port else origin)
            yield Served(origin=origin, data=settings.data, log=log)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
        assert status == 0, log.read_text()


def greeted(process: subprocess.Popen[str], *, log: Path) -> str:
    """Return the address that a server prints when it has started."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := ADDRESS.search(line):
            return found[0]
    raise AssertionError(log.read_text())


def answers(origin: str) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(f"{origin}/healthz", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
