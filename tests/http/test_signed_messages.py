"""Evidence of level 4: signed requests, signed answers, a passkey, and the log of all of it."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import Response
from jwskate import Jwk, SignedJwt

from scripts.demo_page import Page
from scripts.demo_proofs import bundle_proves
from scripts.registering import register
from tests.support.http_windows import NoncedSystem
from tests.support.http_world import (
    MARKET,
    ORIGIN,
    Browser,
    HttpWorld,
    Person,
    registration_of,
    unique,
)
from vault.clients.levels import ACR_PREFIX
from vault.clock import MS

CRIME = "SR05"
SIGNED = "application/token-introspection+jwt"


@dataclass
class SigningSystem(NoncedSystem):
    """A department's system that signs its messages.

    Attributes:
        pushed: The request object that was last pushed.
    """

    pushed: str = ""

    def push(self, case_no: str, **changes: Any) -> str:  # noqa: ANN401 - any member
        """Push a signed request; return its ``request_uri``."""
        now = self.world.now()
        asked: dict[str, Any] = dict(self.request(case_no, **changes))
        asked["authorization_details"] = json.loads(asked["authorization_details"])
        about = {"iss": self.client_id, "aud": ORIGIN, "nbf": now, "exp": now + 60}
        header = {"alg": self.key.alg, "kid": "k1", "typ": "oauth-authz-req+jwt"}
        self.pushed = self.key.sign(header, asked | about | {"response_mode": "jwt"})
        answer = self.form("/oauth/par", {"request": self.pushed})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])


@pytest.fixture
def system(world: HttpWorld) -> SigningSystem:
    """Register a system of signed messages for the market department."""
    made = SigningSystem(world, MARKET, unique())
    plain = registration_of(made)
    signing = {"profile": "fapi2_ms", "evidence": plain["evidence"] | {CRIME: "verify"}}
    register(world.vault, json.dumps(plain | signing), demo=True)
    return made


def stepped_up(browser: Browser) -> Browser:
    """Let the holder have signed in with a passkey."""
    vault = browser.world.vault
    now = vault.clock.now_ms() // MS
    with vault.work() as tx:
        signin = tx.protocol.signin(vault.secrets.hash(browser.signed.cookie), now=now)
        assert signin is not None
        cookie = vault.secrets.mint("vsi_")
        auth = replace(signin.auth, acr=f"{ACR_PREFIX}aal2", auth_time=now)
        tx.protocol.add_signin(replace(signin, signin_hash=vault.secrets.hash(cookie), auth=auth))
    browser.http.cookies.set(
        browser.world.wired.cookie("vault-signin"), cookie, domain="space.example.org"
    )
    return browser


def decided(browser: Browser, system: SigningSystem, request_uri: str) -> Response:
    """Agree to the record by the page."""
    query = urlencode({"client_id": system.client_id, "request_uri": request_uri})
    address = browser.http.get(f"/oauth/authorize?{query}").headers["location"]
    shown = browser.http.get(address)
    form = Page(shown.text).form(holding=f"give-{CRIME}")
    ticked = {f"give-{CRIME}": "verify", f"separately-{CRIME}": "yes"}
    return browser.http.post(
        form.action or address,
        content=urlencode(form.filled({"act": "give"} | ticked)),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
        },
    )


def asked(world: HttpWorld, system: SigningSystem) -> tuple[Person, str]:
    """Open a case and push a request for a record of level 4."""
    person, _ = world.settled()
    case_no = system.open_case(person).json()["case_no"]
    return person, system.push(case_no, evidence=[{"code": CRIME, "view": "verify"}])


def opened(world: HttpWorld, text: str) -> dict[str, Any]:
    """Return the claims of a JWT of the server, verified."""
    jwt = SignedJwt(text)
    keys = world.http.get("/.well-known/jwks.json").json()["keys"]
    (key,) = (Jwk(one) for one in keys if one["kid"] == jwt.headers["kid"])
    assert jwt.verify_signature(key, alg="ES256")
    return dict(jwt.claims)


def test_b17_b35_b36_evidence_of_level_four_goes_the_signed_way(
    world: HttpWorld, system: SigningSystem
) -> None:
    person, request_uri = asked(world, system)
    browser = stepped_up(world.browser(person))

    sent_back = decided(browser, system, request_uri).headers["location"]
    answer = opened(world, parse_qs(urlsplit(sent_back).query)["response"][0])
    token = system.redeem(f"?code={answer['code']}")
    pulled = system.pull(token, code=CRIME, view="verify")
    told = {
        accept: world.systems["checker"].world.http.post(
            "/oauth/introspect",
            data={
                "token": token,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": world.systems["checker"].assertion(),
            },
            headers={"Accept": accept},
        )
        for accept in ("application/json", SIGNED)
    }

    assert (answer["iss"], answer["aud"], answer["state"]) == (ORIGIN, system.client_id, "st")
    assert (pulled.status_code, pulled.json()["held"]) == (200, False)
    assert told["application/json"].json() == {"active": False}
    inside = opened(world, told[SIGNED].text)["token_introspection"]
    assert (inside["active"], inside["client_id"]) == (True, system.client_id)


def test_b36_without_a_passkey_nobody_gives_evidence_of_level_four(
    world: HttpWorld, system: SigningSystem
) -> None:
    person, request_uri = asked(world, system)
    browser = world.browser(person)

    answer = decided(browser, system, request_uri)

    assert answer.headers["location"].startswith("/space/confirm?onward=")
    assert browser.get("/v1/me/consents").json() == []
    assert system.pull(system.token(), code=CRIME, view="verify").status_code == 403


def test_b64_the_entry_of_the_decision_names_the_signed_request(
    world: HttpWorld, system: SigningSystem
) -> None:
    person, request_uri = asked(world, system)
    browser = stepped_up(world.browser(person))
    decided(browser, system, request_uri)

    newest = browser.get("/v1/me/accesses").json()["accesses"][0]
    bundle = browser.get(f"/v1/me/accesses/{newest['entry_id']}/proof").content

    entry = bundle_proves(bundle, trust=world.trust())
    assert entry.request is not None
    assert entry.request.object == sha256(system.pushed.encode()).digest()
