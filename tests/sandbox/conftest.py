"""One sandbox on a real port of this machine, in this process, for each file of tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from jwskate import Jwk

from api.app import create_app
from api.deps import Wired
from api.wiring import wire
from scripts.demo_clients import REDIRECT, DemoClient
from scripts.demo_data import fill
from scripts.demo_department import DepartmentSystem
from scripts.gateway import CODES_FILE
from scripts.sandbox.app import sandboxed
from scripts.sandbox.personas import PEOPLE, personas
from scripts.sandbox.serve import PEOPLE_FACTOR
from tests.support.http_world import settings_below
from vault.ids import ClientId

TRANSPORT = "11110105PDY001055R"
ITEM = "11110105PDY001055R4000131050400"
WINDOW = "示范区政务大厅 3 号窗口"


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs."""

    origin: str
    wired: Wired
    codes: Path

    def post(self, path: str, body: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - any JSON
        return requests.post(self.origin + path, json=body, timeout=10, **how)

    def switch(self, persona: str, decision: str) -> requests.Response:
        path = f"{self.origin}/sandbox/personas/{persona}"
        return requests.put(path, json={"decision": decision}, timeout=10)

    def system(self, **changes: Any) -> DepartmentSystem:  # noqa: ANN401 - any member
        """Let a new system in, and connect it."""
        key = Jwk.generate(alg="ES256").with_kid_thumbprint()
        body = {
            "jwks": {"keys": [key.public_jwk().to_dict()]},
            "department": TRANSPORT,
            "redirect_uris": [REDIRECT],
        }
        answer = self.post("/sandbox/clients", body | changes)
        assert answer.status_code == 201, answer.text
        client = DemoClient(
            client_id=answer.json()["client_id"], department=TRANSPORT, key=key.to_dict()
        )
        return DepartmentSystem(client, origin=self.origin)

    def window(self, profile: str) -> tuple[ClientId, Jwk]:
        """Let a counter or a kiosk in; return its id, and its key."""
        key = Jwk.generate(alg="ES256").with_kid_thumbprint()
        body = {
            "jwks": {"keys": [key.public_jwk().to_dict()]},
            "department": TRANSPORT,
            "profile": profile,
            "location": WINDOW,
        }
        answer = self.post("/sandbox/clients", body)
        assert answer.status_code == 201, answer.text
        return ClientId(answer.json()["client_id"]), key

    def details(self, system: DepartmentSystem, persona: str) -> dict[str, Any]:
        """Open a case of a persona; return what to ask for the driving licence with."""
        holder = personas()[persona].somebody
        case_no = system.open_case(holder, item=ITEM, request_id=f"case-{time.time_ns()}")
        now = int(time.time())
        return {
            "type": "evidence_access",
            "locations": [self.origin],
            "basis": "consent",
            "subject": {"kind": "person"},
            "purpose": {"code": "licence_application", "note": "核对驾驶资格"},
            "item": ITEM,
            "case": case_no,
            "evidence": [{"code": "LC05", "view": "full", "fields": ["license_no"]}],
            "valid": {"from": now - 60, "to": now + 3600},
            "retention_days": 30,
        }

    def asked(self, system: DepartmentSystem, persona: str, **more: str) -> tuple[Any, str]:
        """Let a system ask a persona for the driving licence; return the request, its address."""
        return system.ask(self.details(system, persona), locale="zh-CN", **more)

    def led(self, address: str) -> str:
        """Open an address as a browser does; return where it leads."""
        answer = requests.get(address, allow_redirects=False, timeout=10)
        return answer.headers["Location"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Serve a sandbox."""
    folder = tmp_path_factory.mktemp("sandbox")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = settings_below(folder, issuer=origin)
        with wire(settings, people_factor=PEOPLE_FACTOR) as wired:
            fill(wired.vault, folder=folder / "demo", people=PEOPLE)
            app = create_app(settings, wiring=lambda _settings: nullcontext(wired))
            codes = folder / CODES_FILE
            whole = sandboxed(app, wired=wired, codes=codes)
            server = uvicorn.Server(uvicorn.Config(whole, log_level="warning", ws="none"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield Sandbox(origin=origin, wired=wired, codes=codes)
            server.should_exit = True
            thread.join()
