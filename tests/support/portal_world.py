"""The portal on the embedded default: a server on loopback, made-up departments and holders.

The server is the real one, the departments' system speaks OAuth to it over HTTP, the holder's
one-time codes are read where a gateway would take them. What else departments do goes through
the vault's own verbs.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from api.deps import SIGNIN_COOKIE, Wired
from api.portal.door import FORM_COOKIE
from api.settings import KeySettings, LimitSettings, RootProvider, Settings
from api.wiring import wire
from policies.items import items
from policies.scopes import View
from scripts.demo_clients import DemoClient, draw_clients, registration
from scripts.demo_department import DepartmentSystem
from scripts.demo_page import Page
from scripts.demo_people import Somebody, papers
from scripts.registering import register
from scripts.serving import claim_port
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import AccessToken, SignIn, authenticated
from vault.clock import MS, SystemClock, legal_day
from vault.consents import Consent
from vault.crypto.providers import create_key_file
from vault.errors import AccessDeniedError
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id, synthetic_uscc
from vault.ids import CaseNumber, ClientId, RecordId, Space
from vault.ports import LiveToken
from vault.records import RecordStatus
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.change_status import StatusChange, change_status
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, deposit
from vault.services.list_evidence import list_evidence
from vault.services.open_case import OpenCase, open_case
from vault.services.open_space import find_space
from vault.services.outbox import delivered, waiting
from vault.services.pull import Pull, pull_evidence
from vault.services.sealing import Incoming
from vault.services.sign_in import FORM, SIGN_IN
from vault.services.versions import Deposited

FOOD: Final = "11110105PDY001012C4000131020100"
"""An item of the market department: a food licence, which needs up to five papers."""

MARKET: Final = "11110105PDY001012C"
POLICE: Final = "11110105PDY0010207"
HOUR: Final = 3600
DAY: Final = 24 * HOUR
FORM_HEADERS: Final = {"Sec-Fetch-Site": "same-origin"}
PDF: Final = b"%PDF-1.7\n%made up\n"
START_SECONDS: Final = 20
FORM_BYTES: Final = 2**16

_numbers: Final = count(5_000)

Sent = Mapping[str, str] | Sequence[tuple[str, str]]


def identity_card(holder: Somebody) -> dict[str, Any]:
    """Return what an identity card of ``holder`` says."""
    return {
        "name": holder.name,
        "sex": "女",
        "ethnicity": "汉",
        "birth_date": "1900-01-01",
        "domicile_address": "示范省示范市示范区示范路1号",
        "id_number": holder.number,
        "portrait": "file:1",
        "issuing_authority": "示范区公安分局（模拟）",
        "valid_from": "2020-05-18",
        "valid_to": "2040-05-18",
    }


class SetClock:
    """The machine's clock, put forward by ``ahead`` seconds."""

    def __init__(self) -> None:
        self.ahead = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.ahead * MS


@dataclass(frozen=True)
class Asked:
    """A request that a department has pushed.

    Attributes:
        address: Where the holder's browser is sent.
    """

    address: str
    case_no: CaseNumber


@dataclass(frozen=True)
class PortalWorld:
    """A deployment with its portal.

    Attributes:
        origin: Where the server listens.
    """

    origin: str
    settings: Settings
    app: FastAPI
    wired: Wired
    clock: SetClock
    clients: Mapping[str, DemoClient]

    @property
    def vault(self) -> Vault:
        """Everything behind the pages."""
        return self.wired.vault

    def now(self) -> int:
        """Return UTC seconds."""
        return self.clock.now_ms() // MS

    # Who comes along.

    def person(self) -> Somebody:
        """Return a made-up person whom nobody knows yet."""
        number = next(_numbers)
        return Somebody(
            key=f"person-{number}",
            kind=IdentifierKind.RESIDENT_ID,
            number=synthetic_resident_id(number),
            name=f"王示例{'一二三四五六七八九十'[number % 10]}",
            contact="+8613900000000",
        )

    def enterprise(self) -> Somebody:
        """Return a made-up enterprise with a business licence."""
        number = next(_numbers)
        found = Somebody(
            key=f"enterprise-{number}",
            kind=IdentifierKind.USCC,
            number=synthetic_uscc(number),
            name=f"示例{number}商行",
            contact="+8613900000000",
        )
        fields = {
            "uscc": found.number,
            "name": found.name,
            "entity_type": "有限责任公司",
            "legal_representative": "王示例",
            "established_date": "2020-01-01",
            "business_scope": "食品销售",
            "address": "示范省示范市示范区示范路2号",
            "registration_authority": "示范区市场监督管理局（模拟）",
            "registration_status": "存续",
            "approval_date": "2020-01-02",
        }
        self.deposit(found, "LC01", fields, issuer=MARKET)
        return found

    def settled(self) -> Somebody:
        """Return a made-up person with an identity card, which has two files."""
        found = self.person()
        self.deposit(
            found,
            "ID01",
            identity_card(found),
            files=[("正面 scan.pdf", PDF), ("back.pdf", PDF * 20_000)],
            valid_from=date(2020, 5, 18),
            valid_to=date(2040, 5, 18),
        )
        return found

    # What departments do.

    def deposit(
        self,
        holder: Somebody,
        code: str,
        fields: Mapping[str, Any],
        *,
        issuer: str = POLICE,
        files: Sequence[tuple[str, bytes]] = (),
        **dates: Any,  # noqa: ANN401 - a day or None
    ) -> Deposited:
        """Deposit a paper for a holder."""
        evidence = Evidence(
            code=code,
            fields=fields,
            files=[Incoming(name=name, content=BytesIO(content)) for name, content in files],
            **dates,
        )
        asked = Deposit(
            caller=self.caller(issuer),
            number=self.number(holder),
            evidence=evidence,
            holder_name=holder.name,
            contact=holder.contact,
        )
        return deposit(self.vault, asked)

    def deposit_all(self, holder: Somebody) -> None:
        """Deposit every paper that the demonstration has for a holder."""
        for paper in papers():
            if paper.holder == holder:
                self.deposit(
                    holder,
                    paper.code,
                    paper.fields,
                    issuer=paper.issuer,
                    valid_from=paper.valid_from,
                    valid_to=paper.valid_to,
                )

    def change_status(self, record_id: RecordId, status: RecordStatus, *, issuer: str) -> None:
        """Change the status of a record."""
        asked = StatusChange(
            caller=self.caller(issuer), record_id=record_id, expected=1, status=status
        )
        change_status(self.vault, asked)

    def ask(
        self,
        holder: Somebody,
        *codes: str,
        item: str = FOOD,
        note: str = "核对开业条件",
        locale: str = "zh-CN",
        **changes: Any,  # noqa: ANN401 - any member of the details
    ) -> Asked:
        """Open a case and push a request for papers, as the department's own system does."""
        found = items()[item]
        case = open_case(
            self.vault,
            OpenCase(caller=self.caller(found.department), number=self.number(holder), item=item),
        )
        now = self.now()
        needs = [found.requirements[code] for code in codes]
        details = {
            "type": "evidence_access",
            "locations": [self.origin],
            "basis": "consent",
            "subject": {"kind": holder.holder_kind},
            "purpose": {"code": found.purposes[0], "note": note},
            "item": item,
            "case": case.case_no,
            "evidence": [
                {
                    "code": one.evidence,
                    "view": one.view.label,
                    **({"fields": list(one.fields)} if one.fields else {}),
                }
                for one in needs
            ],
            "valid": {"from": now - 60, "to": now + 30 * DAY},
            "uses": 2,
            "retention_days": 30,
        }
        system = DepartmentSystem(self.clients[found.department], origin=self.origin)
        _, address = system.ask(details | changes, locale=locale)
        return Asked(address=address, case_no=case.case_no)

    def pull(self, consent: Consent, code: str, view: View) -> None:
        """Pull under a consent; a refusal is an entry too."""
        caller = self.caller_under(consent)
        try:
            pull_evidence(self.vault, Pull(caller=caller, code=code, view=view))
        except AccessDeniedError:
            return

    def list(self, consent: Consent) -> None:
        """List what a consent covers."""
        list_evidence(self.vault, self.caller_under(consent))

    # Who they are.

    def number(self, holder: Somebody) -> Identifier:
        """Return the number of a holder."""
        return parse(holder.kind, holder.number, today=legal_day(self.clock.now_ms()))

    def space(self, holder: Somebody) -> Space:
        """Return the space of a holder who has one."""
        with self.vault.read() as tx:
            found = find_space(self.vault, tx, self.number(holder))
        assert found is not None
        return found

    def records(self, holder: Somebody) -> tuple[RecordId, ...]:
        """Return the records of a holder."""
        space = self.space(holder)
        with self.vault.read() as tx:
            return tuple(head.record_id for head in tx.records.heads(space))

    def consents(self, holder: Somebody) -> tuple[Consent, ...]:
        """Return the consents of a holder."""
        space = self.space(holder)
        with self.vault.read() as tx:
            return tx.consents.of_holder(space)

    def caller(self, department: str) -> Caller:
        """Return a department's system with a registry token."""
        with self.vault.read() as tx:
            client = tx.clients.get(ClientId(self.clients[department].client_id))
            assert client is not None
            owner = tx.departments.get(client.department_id)
            assert owner is not None
        token = self._token(client.client_id, scope="records:write cases:write")
        live = self._kept(LiveToken(token=token, client=client, department=owner, consent=None))
        return Caller(live=live, claim=None, proof_hash=bytes(32))

    def caller_under(self, consent: Consent) -> Caller:
        """Return the system that a consent was given to, with a live token of it."""
        with self.vault.read() as tx:
            client = tx.clients.get(consent.client_id)
            owner = tx.departments.get(consent.department_id)
            assert client is not None
            assert owner is not None
        token = replace(
            self._token(client.client_id, scope=""),
            space=consent.space,
            grant_id=consent.grant_id,
            details=consent.details.to_json(),
        )
        live = self._kept(LiveToken(token=token, client=client, department=owner, consent=consent))
        return Caller(live=live, claim=None, proof_hash=bytes(32))

    def _kept(self, live: LiveToken) -> LiveToken:
        with self.vault.work() as tx:
            tx.protocol.add_token(live.token)
        return live

    def _token(self, client_id: ClientId, *, scope: str) -> AccessToken:
        return AccessToken(
            token_hash=self.vault.random(32),
            space=None,
            grant_id=None,
            family_id=self.vault.random(16),
            client_id=client_id,
            scope=scope,
            details=None,
            cnf=Confirmation.key("thumbprint"),
            auth=None,
            issued_at=self.now(),
            expires_at=self.now() + HOUR,
        )

    # What holders do.

    def code(self) -> str:
        """Return the one-time code that waits, as a gateway would take it."""
        [found] = waiting(self.vault, limit=10)
        delivered(self.vault, found.message_id)
        return found.code

    def visitor(self, *, locale: str = "zh-CN") -> "Visitor":
        """Return a browser that was never here."""
        return Visitor(self, locale=locale)

    def member(self, holder: Somebody, *, locale: str = "zh-CN") -> "Visitor":
        """Return a browser in which ``holder`` is signed in."""
        found = self.visitor(locale=locale)
        found.sign_in(holder)
        return found

    def strong(self, holder: Somebody) -> "Visitor":
        """Return a browser in which ``holder`` has just signed in with a passkey."""
        found, secrets = self.visitor(), self.vault.secrets
        cookie, form_token = secrets.mint(SIGN_IN), secrets.mint(FORM)
        signin_hash, space = secrets.hash(cookie), self.space(holder)
        signin = SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=secrets.hash(form_token),
            auth=authenticated(
                space, acr="urn:myspace:acr:aal2", at=self.now(), signin_hash=signin_hash
            ),
            idle_expires_at=self.now() + HOUR,
            expires_at=self.now() + HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.add_signin(signin)
        found.http.cookies.set(self.wired.cookie(SIGNIN_COOKIE), cookie)
        found.http.cookies.set(self.wired.cookie(FORM_COOKIE), form_token)
        return found


class Visitor:
    """A browser without scripts: keeps cookies, fills in forms, follows what it is told to.

    Attributes:
        page: The last page that was shown.
        path: Its address.
    """

    def __init__(self, world: PortalWorld, *, locale: str) -> None:
        self._world = world
        number = next(_numbers)
        home = f"198.18.{number // 250 % 250}.{number % 250}"
        self.http = TestClient(
            world.app, base_url=world.origin, follow_redirects=False, client=(home, 50_000)
        )
        self.http.headers["Accept-Language"] = locale
        self.page = Page("")
        self.path = ""

    def get(self, path: str, **headers: str) -> Response:
        """Open an address; a redirect is returned, not followed."""
        return self._seen(path, self.http.get(path, headers=headers))

    def open(self, path: str) -> Response:
        """Open an address and follow redirects inside the portal."""
        answer = self.get(path)
        while answer.is_redirect:
            answer = self.get(answer.headers["location"])
        return answer

    def send(self, path: str, form: Sent, **headers: str) -> Response:
        """Send a form as this origin's pages do; headers can say otherwise, ``""`` omits one."""
        sent = FORM_HEADERS | {"Origin": self._world.origin} | headers
        content = urlencode(list(form.items() if isinstance(form, Mapping) else form))
        return self._seen(
            path,
            self.http.post(
                path,
                content=content,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    **{name: value for name, value in sent.items() if value},
                },
            ),
        )

    def submit(self, *, holding: str, then: str = "", **values: str) -> Response:
        """Fill in and send the form of the page with that control; ``then`` ends its action."""
        form = next(
            one
            for one in self.page.forms
            if holding in one.names and one.action.endswith(then or one.action)
        )
        return self.send(form.action or self.path, form.filled(values))

    def sign_in(self, holder: Somebody, *, onward: str = "") -> Response:
        """Sign in from wherever the browser is; return what the code leads to."""
        if not any("number" in one.names for one in self.page.forms):
            self.open(onward or "/space/sign-in")
        answer = self.submit(holding="number", kind=holder.kind.value, number=holder.number)
        self.open(answer.headers["location"])
        return self.submit(holding="code", code=self._world.code())

    def cookie(self, name: str) -> str:
        """Return the value of a cookie; empty where there is none."""
        return self.http.cookies.get(name) or ""

    def _seen(self, path: str, answer: Response) -> Response:
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page, self.path = Page(answer.text), path
        return answer


@contextmanager
def open_portal(folder: Path) -> Iterator[PortalWorld]:
    """Found a deployment below ``folder`` and serve its portal while the block runs."""
    socket = claim_port(0)
    origin = f"http://127.0.0.1:{socket.getsockname()[1]}"
    folder.joinpath("key").mkdir(mode=0o700)
    create_key_file(folder / "key/root.key", random=os.urandom)
    settings = Settings(
        data=folder / "data",
        state=folder / "state",
        issuer=origin,
        keys=KeySettings(provider=RootProvider.FILE, root_key_file=folder / "key/root.key"),
        limits=LimitSettings(max_json_bytes=FORM_BYTES),
        demo=True,
    )
    clock = SetClock()
    # People are limited as in a deployment with telephones, the consent desk's vault included.
    with wire(settings, clock=clock, people_factor=1) as wired:
        folder.joinpath("clients").mkdir()
        clients = {one.department: one for one in draw_clients(folder / "clients")}
        for one in clients.values():
            register(wired.vault, json.dumps(registration(one)), demo=True)
        app = create_app(settings, wiring=lambda _: nullcontext(wired))
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="on", access_log=False, log_config=None)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            until = time.monotonic() + START_SECONDS
            while not server.started and time.monotonic() < until:
                time.sleep(0.01)
            yield PortalWorld(
                origin=origin,
                settings=settings,
                app=app,
                wired=wired,
                clock=clock,
                clients=clients,
            )
        finally:
            server.should_exit = True
            thread.join()
            socket.close()
