"""A department's system, a holder and the authorization server between them."""

import json
import os
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response as Answered

from api.deps import ChallengeError, PresentedDep, Wired, WiredDep, challenged
from api.limits import ClientLimits
from api.oauth.client_auth import ASSERTION_TYPE
from api.oauth.interaction import Desk
from api.oauth.mtls import MutualTls
from api.oauth.provider import Provider
from api.oauth.resource import Resource
from api.oauth.router import oauth_router
from api.oauth.secrets import AUTHORIZATION_CODE, SEALING, Secrets
from api.oauth.window import Window
from api.passkeys import levels_of
from api.problems import vault_problem
from policies.scopes import View
from tests.support.crypto import new_keyring
from tests.support.jws import Signer, b64, ec_signer
from tests.support.memory.database import Memory
from vault.cases import Case, CaseState
from vault.clients import Client, ClientStatus, Profile
from vault.clients.confirmation import Confirmation
from vault.clients.levels import AAL1, AAL2
from vault.clients.protocol import AuthorizationCode, InteractionState, SignIn, authenticated
from vault.clients.signing_keys import (
    HINTS,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.consents import Consent, ConsentStatus
from vault.consents.details import Details, EvidenceGrant
from vault.crypto.tokens import PEPPER
from vault.departments import Department, DepartmentStatus
from vault.errors import ConflictError, VaultError
from vault.holders import Holder, HolderKind, HolderState
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    HolderId,
    Space,
)
from vault.numbers import SPACE_KINDS, NumberIndex, key_name
from vault.passkeys.ceremony import RelyingParty
from vault.services.deciding import spend_denied, spend_granted
from vault.services.signing_keys import draw

ORIGIN = "https://space.example.org"
REDIRECT = "https://client.example.org/cb?flow=1"
ITEM = "11110105PDY001012C4000131020100"
CASE = CaseNumber("11110105PDY001012C4000131020100261124072193")
NOW = 1_795_000_000
VERIFIER = "v" * 43
CHALLENGE = b64(sha256(VERIFIER.encode()).digest())
SPACE = Space(0, HolderId(b"\x11" * 16))
OTHER_SPACE = Space(0, HolderId(b"\x12" * 16))
DEPARTMENT = DepartmentId(b"\x21" * 16)
OTHER_DEPARTMENT = DepartmentId(b"\x22" * 16)
KEYS = {name: ec_signer() for name in ("licensing", "other", "checker", "proof", "proof2")}

_numbers = count()


def unique() -> str:
    """Return a text that was not used before."""
    return f"u{next(_numbers)}-{os.urandom(6).hex()}"


@dataclass
class Clock:
    """Stands still until it is told."""

    now: int = NOW

    def now_ms(self) -> int:
        """Return milliseconds."""
        return self.now * 1000


def client(name: str, **changes: Any) -> Client:  # noqa: ANN401 - any field
    """Return a registered client with the key of its name."""
    plain = Client(
        client_id=ClientId(name),
        department_id=DEPARTMENT,
        name_zh="许可系统",
        name_en="Licensing system",
        profile=Profile.FAPI2,
        status=ClientStatus.ACTIVE,
        jwks=json.dumps({"keys": [KEYS[name].jwk | {"kid": "k1"}]}),
        redirect_uris=(REDIRECT,),
        grant_types=frozenset({"authorization_code", "client_credentials", "refresh_token"}),
        scopes=frozenset({"records:write", "registry:read"}),
        evidence={"ID01": View.FULL, "LC01": View.FULL, "LC04": View.SUMMARY, "SR05": View.VERIFY},
        issue_codes=frozenset({"LC09"}),
        service_items=frozenset({ITEM}),
        version=1,
    )
    return replace(plain, **changes)


def department(department_id: DepartmentId, **changes: Any) -> Department:  # noqa: ANN401 - any field
    """Return a synthetic department."""
    plain = Department(
        department_id=department_id,
        code="11110105PDY001012C",
        name_zh="示范区市场监督管理局（模拟）",
        name_en="Demo District Market Regulation (simulated)",
        contact="service@example.org",
        privacy_officer="privacy@example.org",
        status=DepartmentStatus.ACTIVE,
        version=1,
    )
    return replace(plain, **changes)


def holder(space: Space, kind: HolderKind = HolderKind.PERSON) -> Holder:
    """Return a synthetic holder."""
    return Holder(
        space=space,
        kind=kind,
        state=HolderState.ACTIVE,
        version=1,
        profile=b"",
        created_at_ms=0,
    )


def details(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Return an ``evidence_access`` object that is accepted; ``None`` leaves a member out."""
    plain = {
        "type": "evidence_access",
        "locations": [ORIGIN],
        "basis": "consent",
        "subject": {"kind": "person"},
        "purpose": {"code": "licence_application", "note": "核对申请人身份，受理食品经营许可"},
        "item": ITEM,
        "case": CASE,
        "evidence": [
            {"code": "ID01", "view": "full", "fields": ["name", "id_number"]},
            {"code": "LC04", "view": "summary"},
            {"code": "LC01"},
        ],
        "legal": {"article": "licensing-31"},
        "valid": {"from": NOW - 60, "to": NOW + 86_400},
        "uses": 3,
        "retention_days": 30,
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def part_of_a_vault(**parts: object) -> Any:  # noqa: ANN401 - what the server uses of a vault
    """Return a vault of which only ``parts`` are there; tests put others in their place."""
    return SimpleNamespace(**parts)


class World:
    """The server on memory, seen from outside.

    Attributes:
        given, denied: Decisions as they were handed to the vault.
        misused: What the log was told of.
    """

    def __init__(
        self,
        *,
        origin: str = ORIGIN,
        now: int = NOW,
        limits: ClientLimits | None = None,
        mtls: MutualTls | None = None,
        levels: tuple[str, ...] | None = None,
    ) -> None:
        """Wire everything, register three clients, open one case."""
        self.clock = Clock(now=now)
        self.memory = Memory()
        keyring, rows = new_keyring()
        rows = (*rows, keyring.new_service_key(PEPPER), keyring.new_service_key(SEALING))
        index_keys = tuple(keyring.new_service_key(key_name(kind)) for kind in SPACE_KINDS)
        self.memory.add(*rows)
        self.memory.add(department(DEPARTMENT), department(OTHER_DEPARTMENT))
        self.memory.add(
            client("licensing"),
            client("other", department_id=OTHER_DEPARTMENT),
            client(
                "checker",
                profile=Profile.RS,
                redirect_uris=(),
                grant_types=frozenset(),
                scopes=frozenset(),
                evidence={},
                service_items=frozenset(),
            ),
        )
        self.memory.add(holder(SPACE), holder(OTHER_SPACE), case())
        self.vault = part_of_a_vault(
            read=self.memory.read,
            work=self.memory.work,
            shared=self.memory,
            keyring=keyring,
            secrets=Secrets.load(keyring, rows=rows, random=os.urandom),
            numbers=NumberIndex.load(keyring, rows=index_keys),
            random=os.urandom,
            clock=self.clock,
            people_factor=1,
        )
        plenty = ClientLimits.of(reads=10**6, changes=10**6, protocol=10**6, strangers=10**6)
        self.misused: list[Any] = []
        self.party = RelyingParty.of(origin)
        self.provider = Provider.of(
            self.vault,
            origin=origin,
            limits=limits or plenty,
            mtls=mtls,
            levels=levels or levels_of(self.party),
            misuse=lambda _vault, misuse: self.misused.append(misuse),
        )
        self.draw_keys(SigningAlgorithm.ES256)
        self.given: list[Any] = []
        self.denied: list[Any] = []
        self.desk = Desk(self.provider, give=self._give, deny=self._deny)
        self.window = Window(self.provider, give=self._approve, deny=self._deny_async)
        self.wired = Wired(
            vault=self.vault,
            issuer=origin,
            demo=origin != ORIGIN,
            resolve=Resource(self.provider),
            desk=self.desk,
            window=self.window,
            passkeys=self.party,
            shown=lambda log_id: self.vault.logs[log_id].checkpoint(),
        )
        self.app = application(self.wired)
        self.http = TestClient(self.app, base_url=origin, follow_redirects=False)

    def draw_keys(self, algorithm: SigningAlgorithm) -> None:
        """Draw what the first housekeeping would for clients that want ``algorithm``."""
        keys = self.memory.rows.signing.get(1, SigningKeys())
        for purpose in SigningPurpose:
            drawn = draw(self.vault, Slot(purpose, algorithm))
            keys = keys.introduce(drawn, now=self.clock.now)
        if keys.signing(HINTS, now=self.clock.now) is None:
            keys = keys.introduce(draw(self.vault, HINTS), now=self.clock.now)
        self.keep_keys(keys)
        self.provider.signer.refresh()

    def keep_keys(self, keys: SigningKeys) -> None:
        """Write a set of keys, as the journal would."""
        with self.memory.work() as tx:
            tx.signing.replace(keys, expected=tx.signing.all().version)

    # What the journal would do with a decision.

    def _give(self, _vault: object, decision: Any) -> None:  # noqa: ANN401 - the verb's argument
        self.given.append(decision)
        self._close(decision, InteractionState.GRANTED)
        self.memory.add(self.consent(decision.code.grant_id, decision.details, decision.note))
        self.memory.rows.codes[decision.code.code_hash] = decision.code

    def _deny(self, _vault: object, decision: Any) -> None:  # noqa: ANN401 - the verb's argument
        self.denied.append(decision)
        self._close(decision, InteractionState.DENIED)

    def _approve(self, _vault: object, decision: Any) -> None:  # noqa: ANN401 - the verb's argument
        self.given.append(decision)
        with self.memory.work() as tx:
            spend_granted(self.vault, tx, decision, now=self.clock.now)
        self.memory.add(
            replace(
                self.consent(decision.code.grant_id, decision.details, decision.note),
                client_id=decision.client_id,
            )
        )

    def _deny_async(self, _vault: object, decision: Any) -> None:  # noqa: ANN401 - as above
        self.denied.append(decision)
        with self.memory.work() as tx:
            spend_denied(self.vault, tx, decision, now=self.clock.now)

    def _close(self, decision: Any, state: InteractionState) -> None:  # noqa: ANN401 - as above
        with self.memory.work() as tx:
            if not tx.protocol.spend_pushed(decision.request_hash, now=self.clock.now):
                raise ConflictError("spent")
            if not tx.protocol.close_interaction(decision.interaction_id, state=state):
                raise ConflictError("closed")

    # What a browser does.

    def lead(self, request_uri: str, **more: str) -> Answered:
        """Open the authorize address as a browser does."""
        params = {"client_id": "licensing", "request_uri": request_uri} | more
        return self.http.get("/oauth/authorize", params=params)

    def visit(self, **changes: Any) -> tuple[bytes, str]:  # noqa: ANN401 - any parameter
        """Push and open; return the interaction and the browser's secret."""
        answer = self.lead(self.push(**changes).json()["request_uri"])
        interaction_id = bytes.fromhex(answer.headers["location"].rpartition("/")[2])
        return interaction_id, self.http.cookies["__Host-vault-browser"]

    def signin(self, space: Space = SPACE, *, age: int = 10, acr: str = AAL1) -> SignIn:
        """Return a live sign-in."""
        signin_hash = os.urandom(32)
        row = SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=bytes(32),
            auth=authenticated(space, acr=acr, at=self.clock.now - age, signin_hash=signin_hash),
            idle_expires_at=self.clock.now + 600,
            expires_at=self.clock.now + 3600,
        )
        self.memory.add(row)
        return row

    # What a client sends.

    def assertion(
        self,
        name: str = "licensing",
        *,
        key: Signer | None = None,
        **changes: Any,  # noqa: ANN401 - any claim
    ) -> str:
        """Return a client assertion; ``header=`` changes its header, ``None`` leaves out."""
        signer = key or KEYS[name]
        header = {"alg": signer.alg, "kid": "k1"} | changes.pop("header", {})
        claims = {
            "iss": name,
            "sub": name,
            "aud": ORIGIN,
            "jti": unique(),
            "iat": self.clock.now,
            "exp": self.clock.now + 60,
        }
        return signer.sign(_without_none(header), _without_none(claims | changes))

    def proof(
        self,
        path: str,
        *,
        key: Signer | None = None,
        method: str = "POST",
        token: str | None = None,
        **changes: Any,  # noqa: ANN401 - any claim
    ) -> str:
        """Return a DPoP proof; ``header=`` changes its header, ``None`` leaves out."""
        signer = key or KEYS["proof"]
        header = {"typ": "dpop+jwt", "alg": signer.alg, "jwk": signer.jwk}
        header |= changes.pop("header", {})
        claims = {"jti": unique(), "htm": method, "htu": ORIGIN + path, "iat": self.clock.now}
        if token is not None:
            claims["ath"] = b64(sha256(token.encode()).digest())
        return signer.sign(_without_none(header), _without_none(claims | changes))

    def post(
        self,
        path: str,
        form: dict[str, Any] | None = None,
        *,
        client: str = "licensing",
        assertion: str | None = None,
        proof: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """Send an authenticated form; ``proof=None`` sends none, a text sends that one."""
        sent = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(client),
        }
        extra = dict(headers or {})
        if proof is not None:
            extra["DPoP"] = proof or self.proof(path)
        return self.http.post(path, data=_without_none(sent | (form or {})), headers=extra)

    def push(self, details: list[Any] | str | None = None, **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Push an authorization request; named arguments change its parameters."""
        how = {name: changes.pop(name) for name in ("client", "proof") if name in changes}
        return self.post("/oauth/par", self.request(details, **changes), **how)

    def request(self, details_: list[Any] | str | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any parameter
        """Return the parameters of an authorization request."""
        text = details_ if isinstance(details_, str) else json.dumps(details_ or [details()])
        plain = {
            "response_type": "code",
            "client_id": "licensing",
            "redirect_uri": REDIRECT,
            "state": "st",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "authorization_details": text,
        }
        return _without_none(plain | changes)

    def code(self, *, granted: Details | None = None, **changes: Any) -> str:  # noqa: ANN401 - any column
        """Return a code as a decision would have left it, with its consent."""
        code = self.provider.secrets.mint(AUTHORIZATION_CODE)
        grant_id = GrantId(os.urandom(16))
        found = granted or GRANTED
        self.memory.add(self.consent(grant_id, found))
        row = AuthorizationCode(
            code_hash=self.provider.secrets.hash(code),
            space=SPACE,
            grant_id=grant_id,
            family_id=os.urandom(16),
            client_id=ClientId("licensing"),
            redirect_uri=REDIRECT,
            code_challenge=CHALLENGE,
            cnf=Confirmation.key(KEYS["proof"].thumbprint),
            auth=authenticated(SPACE, acr=AAL1, at=self.clock.now - 30, signin_hash=b"a sign-in"),
            scope="",
            expires_at=self.clock.now + 60,
        )
        self.memory.rows.codes[row.code_hash] = replace(row, **changes)
        return code

    def consent(self, grant_id: GrantId, granted: Details, note: bytes = b"") -> Consent:
        """Return an active consent."""
        return Consent(
            space=SPACE,
            grant_id=grant_id,
            client_id=ClientId("licensing"),
            department_id=DEPARTMENT,
            status=ConsentStatus.ACTIVE,
            version=1,
            details=granted,
            note=note or self.provider.secrets.seal("为什么".encode(), request_id=grant_id),
            purpose="licence_application",
            item=ITEM,
            case_no=CASE,
            shown_hash=bytes(32),
            shown_locale="zh-CN",
            created_at_ms=self.clock.now_ms(),
            expires_at_ms=granted.ends_at * 1000,
            ended_at_ms=None,
            state_entry=EntryId(bytes(16)),
        )

    def redeem(self, code: str, **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Exchange a code for a token."""
        how = {
            name: changes.pop(name) for name in ("client", "proof", "assertion") if name in changes
        }
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self.post("/oauth/token", form | changes, **how)

    def refreshed(self, token: str, **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Show a refresh token."""
        how = {
            name: changes.pop(name) for name in ("client", "proof", "assertion") if name in changes
        }
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.post("/oauth/token", form | changes, **how)

    def offline(self, *, granted: Details | None = None) -> dict[str, Any]:
        """Return the answer to a code that was granted with ``offline_access``."""
        code = self.code(granted=granted, scope="offline_access")
        answer: dict[str, Any] = self.redeem(code).json()
        return answer

    def registry_token(self, scope: str = "records:write", **how: Any) -> Answered:  # noqa: ANN401 - as post
        """Ask for a token without a holder."""
        form = {"grant_type": "client_credentials", "scope": scope}
        return self.post("/oauth/token", form, **how)

    def use(
        self, token: str, *, proof: str | None = "", scheme: str = "DPoP", path: str = "/v1/probe"
    ) -> Answered:
        """Use a token at a resource."""
        headers = [("Authorization", f"{scheme} {token}")]
        if proof is not None:
            shown = proof or self.proof(path, method="GET", token=token)
            headers.append(("DPoP", shown))
        return self.http.get(path, headers=headers)

    def introspect(self, token: str) -> Any:  # noqa: ANN401 - JSON
        """Ask as a resource server."""
        return self.post(
            "/oauth/introspect", {"token": token}, client="checker", proof=None
        ).json()


GRANTED = Details(
    evidence={
        "ID01": EvidenceGrant(
            code="ID01", view=View.FULL, fields=frozenset({"name", "id_number"})
        ),
        "LC01": EvidenceGrant(code="LC01", view=View.VERIFY, fields=frozenset()),
    },
    starts_at=NOW - 60,
    ends_at=NOW + 86_400,
    uses=3,
    retention_days=30,
)


def case(**changes: Any) -> Case:  # noqa: ANN401 - any field
    """Return the open case that the tests are about."""
    plain = Case(
        space=SPACE,
        case_no=CASE,
        department_id=DEPARTMENT,
        item=ITEM,
        state=CaseState.ACCEPTED,
        opened_at_ms=0,
        version=1,
    )
    return replace(plain, **changes)


def application(wired: Wired) -> FastAPI:
    """Return the authorization server, and a resource that only resolves tokens."""
    app = FastAPI()
    app.state.wired = wired
    app.include_router(oauth_router())

    @app.get("/v1/probe")
    def probe(wired: WiredDep, shown: PresentedDep) -> dict[str, Any]:
        bearer = wired.resolve(shown)
        return {"scopes": sorted(bearer.scopes), "client": bearer.live.client.client_id}

    @app.get("/v1/sensitive")
    def sensitive(wired: WiredDep, shown: PresentedDep) -> dict[str, Any]:
        bearer = wired.resolve(shown)
        wired.resolve.require_level(bearer, acr=AAL2)
        return {"client": bearer.live.client.client_id}

    @app.get("/v1/once")
    def once(wired: WiredDep, shown: PresentedDep) -> dict[str, Any]:
        return {"scopes": sorted(wired.resolve.once(shown, scope="records:write").scopes)}

    app.add_exception_handler(ChallengeError, challenged)
    app.add_exception_handler(VaultError, vault_problem)
    return app


def _without_none(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
