"""The wired application on SQLite, and those who call it: departments' systems and holders.

Whatever they do goes through the published interfaces; only signing in takes the one-time code
where a gateway would.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from api.databases import opened_to_read
from api.deps import SIGNIN_COOKIE, Wired
from api.egress_settings import EgressSettings
from api.mtls_settings import MtlsSettings
from api.oauth.client_auth import ASSERTION_TYPE
from api.settings import (
    KeySettings,
    LimitSettings,
    PostgresqlSettings,
    RegistrySettings,
    RootProvider,
    S3Settings,
    Settings,
)
from api.wiring import wire
from api.witness_settings import WitnessSettings
from policies.items import items
from scripts.demo_clients import REDIRECT, DemoClient, registration
from scripts.demo_page import Page
from scripts.registering import register, resume, suspend
from tests.support.jws import Signer, b64, ec_signer
from vault.clients.profiles import TOKEN_EXCHANGE
from vault.clients.protocol import SignIn, authenticated
from vault.clock import MS, SystemClock, legal_day
from vault.crypto.providers import create_key_file
from vault.crypto.signing import VerifierKey
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id
from vault.journal.trust import NO_QUORUM, Policy
from vault.services import Vault
from vault.services.log_keys import verifier_keys
from vault.services.open_space import find_space
from vault.services.outbox import delivered, waiting
from vault.services.sign_in import FORM, SIGN_IN, SignedIn, finish_sign_in, start_sign_in

HOST: Final = "space.example.org"
ORIGIN: Final = f"https://{HOST}"
POLICE: Final = "11110105PDY0010207"
"""Issues identity cards."""
MARKET: Final = "11110105PDY001012C"
"""Handles food licences, for which it asks for identity cards."""
SCHOOLS: Final = "11110105PDY001047Y"
"""Has nothing to do with either."""

CHECKER: Final = "checker"
"""Name of a resource server of the market department."""

FOOD: Final = "11110105PDY001012C4000131020100"
CODE: Final = "ID01"
FIELDS: Final = ("name", "id_number", "valid_to")
SCOPES: Final = (
    "cases:write records:write registry:read grant_management_query grant_management_revoke"
)
DAY: Final = 86_400
VERIFIER: Final = "v" * 43
REGISTRY: Final = "https://registry.example.org"
REGISTRY_KEY: Final = ec_signer()
"""Signs software statements that this deployment takes."""
PDF: Final = b"%PDF-1.7\n%made up\n"

_numbers: Final = count(20_000)


class SetClock:
    """The machine's clock, put forward by ``ahead`` seconds."""

    def __init__(self) -> None:
        self.ahead = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.ahead * MS


def unique() -> str:
    """Return a text that was not used before."""
    return f"u{next(_numbers)}-{os.urandom(6).hex()}"


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist."""

    number: str
    name: str = "王示例"
    contact: str = "+8613900000000"

    @property
    def holder(self) -> dict[str, str]:
        """How a department names the person."""
        return {"type": "resident_id_18", "value": self.number}


@dataclass(frozen=True)
class Sent:
    """A request as it goes out: what a client would have to get right."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class System:
    """A department's system, with its own keys.

    Attributes:
        proof_key: What its tokens are bound to.
    """

    world: "HttpWorld"
    department: str
    client_id: str
    key: Signer = field(default_factory=ec_signer)
    proof_key: Signer = field(default_factory=ec_signer)
    _tokens: dict[str, str] = field(default_factory=dict)

    def assertion(self) -> str:
        """Return a client assertion (RFC 7523)."""
        now = self.world.now()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ORIGIN,
            "jti": unique(),
            "iat": now,
            "exp": now + 60,
        }
        return self.key.sign({"alg": self.key.alg, "kid": "k1"}, claims)

    def proof(self, method: str, path: str, *, token: str | None = None) -> str:
        """Return a proof of possession (RFC 9449)."""
        claims: dict[str, Any] = {
            "jti": unique(),
            "htm": method,
            "htu": ORIGIN + path,
            "iat": self.world.now(),
        }
        if token is not None:
            claims["ath"] = b64(sha256(token.encode()).digest())
        header = {"typ": "dpop+jwt", "alg": self.proof_key.alg, "jwk": self.proof_key.jwk}
        return self.proof_key.sign(header, claims)

    def form(self, path: str, values: Mapping[str, str]) -> Response:
        """Send an authenticated form to the authorization server."""
        sent = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
            **values,
        }
        return self.world.http.post(path, data=sent, headers={"DPoP": self.proof("POST", path)})

    def token(self, scope: str = SCOPES) -> str:
        """Return a token for what the system does as itself."""
        if scope not in self._tokens:
            form = {"grant_type": "client_credentials", "scope": scope}
            self._tokens[scope] = self.form("/oauth/token", form).json()["access_token"]
        return self._tokens[scope]

    def headers(self, method: str, path: str, *, token: str) -> dict[str, str]:
        """Return what a request with ``token`` carries."""
        proof = self.proof(method, path, token=token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def get(self, path: str, *, token: str, params: Mapping[str, str] | None = None) -> Response:
        """Ask for a resource."""
        headers = self.headers("GET", path, token=token)
        return self.world.http.get(path, params=params, headers=headers)

    def send(
        self,
        path: str,
        body: Any,  # noqa: ANN401 - any JSON
        *,
        method: str = "POST",
        token: str | None = None,
        request_id: str | None = "",
        **headers: str,
    ) -> Response:
        """Send JSON; ``request_id=None`` sends none, nothing sends a fresh one."""
        extra = {} if request_id is None else {"Idempotency-Key": request_id or unique()}
        return self.world.http.request(
            method,
            path,
            content=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **self.headers(method, path, token=token or self.token()),
                **extra,
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    def upload(
        self,
        path: str,
        body: Any,  # noqa: ANN401 - any JSON
        files: Sequence[tuple[str, bytes]],
    ) -> Response:
        """Send JSON with files beside it."""
        headers = self.headers("POST", path, token=self.token())
        return self.world.http.post(
            path,
            data={"record": json.dumps(body)},
            files=[("file", file) for file in files],
            headers=headers | {"Idempotency-Key": unique()},
        )

    # What it does.

    def deposit(self, person: Person, **changes: Any) -> Response:  # noqa: ANN401 - any member
        """Deposit an identity card."""
        return self.send("/v1/records", identity_card(person, **changes))

    def open_case(self, person: Person, *, request_id: str = "") -> Response:
        """Take up an application for a food licence."""
        body = {"holder": person.holder, "item": FOOD}
        return self.send("/v1/cases", body, request_id=request_id)

    def request(self, case_no: str, **changes: Any) -> dict[str, str]:  # noqa: ANN401 - any member
        """Return the form that asks for an identity card; ``changes`` are of its details."""
        now = self.world.now()
        need = items()[FOOD].requirements[CODE]
        details = {
            "type": "evidence_access",
            "locations": [ORIGIN],
            "basis": "consent",
            "subject": {"kind": "person"},
            "purpose": {"code": items()[FOOD].purposes[0], "note": "核对申请人身份"},
            "item": FOOD,
            "case": case_no,
            "evidence": [
                {"code": CODE, "view": need.view.label, "fields": list(need.fields)},
            ],
            "valid": {"from": now - 60, "to": now + DAY},
            "retention_days": 30,
        }
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "state": "st",
            "code_challenge": b64(sha256(VERIFIER.encode()).digest()),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([details | changes]),
        }

    def push(self, case_no: str, **changes: Any) -> str:  # noqa: ANN401 - any member
        """Push a request for an identity card; return its ``request_uri``."""
        answer = self.form("/oauth/par", self.request(case_no, **changes))
        assert answer.status_code == 201, answer.text
        uri: str = answer.json()["request_uri"]
        return uri

    def redeem(self, callback: str) -> str:
        """Exchange the code in ``callback`` for a token."""
        [code] = parse_qs(urlsplit(callback).query)["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        answer = self.form("/oauth/token", form)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def pull(
        self, token: str, *, code: str = CODE, view: str = "full", fields: str | None = None
    ) -> Response:
        """Pull one piece of evidence."""
        params = {"view": view} | ({} if fields is None else {"fields": fields})
        return self.get(f"/v1/evidence/{code}", token=token, params=params)


def identity_card(person: Person, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Return an identity card as it is deposited; ``None`` leaves a member out."""
    plain: dict[str, Any] = {
        "holder": person.holder,
        "holder_name": person.name,
        "contact": person.contact,
        "code": CODE,
        "fields": {
            "name": person.name,
            "sex": "女",
            "ethnicity": "汉",
            "birth_date": "1900-01-01",
            "domicile_address": "示范省示范市示范区示范路1号",
            "id_number": person.number,
            "issuing_authority": "示范区公安分局（模拟）",
            "valid_from": "2020-05-18",
            "valid_to": "2040-05-18",
        },
        "status": "01",
        "valid_from": "2020-05-18",
        "valid_to": "2040-05-18",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


@dataclass
class Browser:
    """A holder's browser, signed in.

    Attributes:
        signed: Cookie and form token of the sign-in.
    """

    world: "HttpWorld"
    http: TestClient
    signed: SignedIn

    def get(self, path: str, **headers: str) -> Response:
        """Open an address."""
        return self.http.get(path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Response:  # noqa: ANN401 - any JSON
        """Send JSON as a page of ours does; headers can say otherwise, ``""`` omits one."""
        sent = {
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF-Token": self.signed.form_token,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.http.post(
            path, content=content, headers={name: value for name, value in sent.items() if value}
        )

    def decide(self, system: System, request_uri: str, *, act: str = "give") -> str:
        """Decide on a request by its page; return where the browser is sent."""
        query = urlencode({"client_id": system.client_id, "request_uri": request_uri})
        address = self.http.get(f"/oauth/authorize?{query}").headers["location"]
        shown = self.http.get(address)
        assert shown.status_code == 200, shown.text
        form = Page(shown.text).form(holding=f"give-{CODE}")
        values = form.filled({"act": act} | ({f"give-{CODE}": "full"} if act == "give" else {}))
        answer = self.http.post(
            form.action or address,
            content=urlencode(values),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": ORIGIN,
                "Sec-Fetch-Site": "same-origin",
            },
        )
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@dataclass
class HttpWorld:
    """A deployment, seen from outside."""

    app: FastAPI
    wired: Wired
    http: TestClient
    clock: SetClock
    settings: Settings
    systems: dict[str, System] = field(default_factory=dict)

    @property
    def vault(self) -> Vault:
        """Everything behind the interfaces."""
        return self.wired.vault

    @property
    def police(self) -> System:
        """The issuer."""
        return self.systems[POLICE]

    @property
    def market(self) -> System:
        """The requester."""
        return self.systems[MARKET]

    @property
    def schools(self) -> System:
        """The stranger."""
        return self.systems[SCHOOLS]

    @property
    def checker(self) -> System:
        """A resource server, which may ask about tokens and nothing else."""
        return self.systems[CHECKER]

    def now(self) -> int:
        """Return UTC seconds."""
        return self.clock.now_ms() // MS

    def person(self) -> Person:
        """Return somebody whom nobody knows yet."""
        return Person(number=synthetic_resident_id(next(_numbers)))

    def settled(self, **changes: Any) -> tuple[Person, str]:  # noqa: ANN401 - any member
        """Return somebody with an identity card, and the record's id."""
        person = self.person()
        answer = self.police.deposit(person, **changes)
        assert answer.status_code == 201, answer.text
        return person, answer.json()["record_id"]

    def number(self, person: Person) -> Identifier:
        """Return the number of somebody, checked."""
        today = legal_day(self.clock.now_ms())
        return parse(IdentifierKind.RESIDENT_ID, person.number, today=today)

    def browser(self, person: Person) -> Browser:
        """Return a browser in which ``person`` is signed in."""
        number = next(_numbers)
        source = f"198.18.{number // 250 % 250}.{number % 250}"  # Everybody at home.
        attempt = start_sign_in(self.vault, self.number(person), source=source)
        [message] = waiting(self.vault, limit=10)
        delivered(self.vault, message.message_id)
        signed = finish_sign_in(self.vault, attempt, code=message.code, source=source)
        return self._browser(signed)

    def _browser(self, signed: SignedIn) -> Browser:
        http = TestClient(self.app, base_url=ORIGIN, follow_redirects=False)
        http.cookies.set(
            self.wired.cookie(SIGNIN_COOKIE), signed.cookie, domain="space.example.org"
        )
        http.cookies.set(
            self.wired.cookie("vault-form"), signed.form_token, domain="space.example.org"
        )
        return Browser(self, http, signed)

    def granted(self, person: Person, **changes: Any) -> tuple[str, Browser]:  # noqa: ANN401 - any member
        """Play the flow; return the market department's token, and the holder's browser."""
        case_no = self.market.open_case(person).json()["case_no"]
        uri = self.market.push(case_no, **changes)
        browser = self.browser(person)
        return self.market.redeem(browser.decide(self.market, uri)), browser

    def strong(self, person: Person) -> Browser:
        """Return a browser in which ``person`` has just signed in with a passkey."""
        secrets, number = self.vault.secrets, self.number(person)
        cookie, form_token = secrets.mint(SIGN_IN), secrets.mint(FORM)
        with self.vault.read() as tx:
            space = find_space(self.vault, tx, number)
        assert space is not None
        signin_hash = secrets.hash(cookie)
        signin = SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=secrets.hash(form_token),
            auth=authenticated(
                space, acr="urn:myspace:acr:aal2", at=self.now(), signin_hash=signin_hash
            ),
            idle_expires_at=self.now() + 600,
            expires_at=self.now() + 600,
        )
        with self.vault.work() as tx:
            tx.protocol.add_signin(signin)
        signed = SignedIn(signin=signin, cookie=cookie, form_token=form_token, known="")
        return self._browser(signed)

    def mandate(
        self,
        giver: Person,
        receiver: Mapping[str, str],
        **changes: Any,  # noqa: ANN401 - any member of the powers
    ) -> str:
        """Let somebody give a mandate over the identity card; return its id."""
        lasting = {"starts_at": self.now() - 60, "ends_at": self.now() + 3600}
        powers = powers_in(self, **(lasting | changes))
        body = {"receiver": dict(receiver), "powers": powers}
        answer = self.strong(giver).post("/v1/me/mandates", body)
        assert answer.status_code == 201, answer.text
        mandate_id: str = answer.json()["mandate_id"]
        return mandate_id

    def firm(self, *, code: str, client_id: str, **changes: Any) -> System:  # noqa: ANN401 - any member
        """Register the system of an agent firm, which exchanges tokens and nothing else."""
        system = System(self, code, client_id)
        file = {
            "client_id": client_id,
            "department": code,
            "name_zh": "代理系统",
            "name_en": "Agent system",
            "profile": "fapi2",
            "jwks": {"keys": [system.key.jwk | {"kid": "k1"}]},
            "grant_types": [TOKEN_EXCHANGE],
            "evidence": {CODE: "full", "LC01": "full"},
            "service_items": [FOOD],
            "organisation": {
                "name_zh": "示例代理所",
                "name_en": "Example Agency",
                "contact": "agency@example.org",
                "privacy_officer": "privacy@example.org",
            },
        }
        register(self.vault, json.dumps(file | changes), demo=True)
        return system

    def newest_entry(self) -> str:
        """Return the id of the newest entry, as the database has it."""
        with opened_to_read(self.settings) as database, database.engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT entry_id FROM journal_entry ORDER BY idx DESC LIMIT 1"
            ).scalar_one()
        return bytes(found).hex()

    def suspend(self, system: System) -> None:
        """Let the operator stop a system."""
        suspend(self.vault, system.client_id)

    def resume(self, system: System) -> None:
        """Let the operator let it go on."""
        resume(self.vault, system.client_id)

    def trust(self) -> Policy:
        """Return the policy of one who believes this log."""
        log = self.vault.logs[0]
        keys = tuple(VerifierKey.parse(one) for one in verifier_keys(self.vault, log))
        return Policy(logs=keys, witnesses={}, groups={}, quorum=NO_QUORUM)


def powers_in(world: HttpWorld, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Return the powers of ``HttpWorld.mandate``, a little narrower, as they are sent."""
    plain = {
        "acts": ["read", "consent"],
        "evidence": [{"code": CODE, "view": "full"}],
        "items": [FOOD],
        "starts_at": world.now(),
        "ends_at": world.now() + 60,
    }
    return plain | changes


def settings_below(folder: Path, *, issuer: str = ORIGIN) -> Settings:
    """Return the settings of a deployment whose parts all lie below ``folder``."""
    key_file = folder / "key/root.key"
    if not key_file.exists():
        key_file.parent.mkdir(mode=0o700)
        create_key_file(key_file, random=os.urandom)
    return Settings(
        data=folder / "data",
        state=folder / "state",
        issuer=issuer,
        keys=KeySettings(provider=RootProvider.FILE, root_key_file=key_file),
        demo=True,
    )


@contextmanager
def open_world(
    folder: Path,
    *,
    s3: S3Settings | None = None,
    postgresql: PostgresqlSettings | None = None,
    limits: LimitSettings | None = None,
    mtls: MtlsSettings | None = None,
    proxies: str = "127.0.0.1",
    witnesses: WitnessSettings | None = None,
    egress: EgressSettings | None = None,
) -> Iterator[HttpWorld]:
    """Found a deployment below ``folder`` and serve it while the block runs."""
    jwks = json.dumps({"keys": [REGISTRY_KEY.jwk | {"kid": "r1"}]})
    chosen = {
        "s3": s3,
        "postgresql": postgresql,
        "limits": limits or LimitSettings(),
        "registry": RegistrySettings(issuer=REGISTRY, keys=jwks),
        "mtls": mtls,
        "proxies": proxies,
        "witnesses": witnesses,
        "egress": egress or EgressSettings(),
    }
    settings, clock = settings_below(folder).model_copy(update=chosen), SetClock()
    with wire(settings, clock=clock) as wired:
        app = create_app(settings, wiring=lambda _: nullcontext(wired))
        with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
            world = HttpWorld(app=app, wired=wired, http=http, clock=clock, settings=settings)
            for number, code in enumerate((POLICE, MARKET, SCHOOLS)):
                system = System(world, code, f"system-{number}")
                world.systems[code] = system
                register(wired.vault, json.dumps(registration_of(system)), demo=True)
            checker = System(world, MARKET, CHECKER)
            world.systems[CHECKER] = checker
            register(wired.vault, json.dumps(_resource_server(checker)), demo=True)
            yield world


def registration_of(system: System) -> dict[str, Any]:
    """Return what its department hands in for ``system``."""
    numbers = system.key.private.private_numbers()
    private = system.key.jwk | {"d": b64(numbers.private_value.to_bytes(32)), "kid": "k1"}
    client = DemoClient(client_id=system.client_id, department=system.department, key=private)
    return registration(client)


def _resource_server(system: System) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "redirect_uris": [],
        "grant_types": [],
        "scopes": [],
        "evidence": {},
        "issue_codes": [],
        "service_items": [],
    }
    return registration_of(system) | nothing | {"profile": "rs"}
