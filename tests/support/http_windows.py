"""Systems that a server answers only with its nonce, and a kiosk and a counter among them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from httpx2 import Response
from jwskate import SignedJwt

from scripts.registering import register
from tests.support.http_world import (
    CODE,
    FOOD,
    MARKET,
    ORIGIN,
    HttpWorld,
    System,
    registration_of,
    unique,
)
from vault.clients import Profile
from vault.clients.profiles import CIBA, DEVICE_CODE

FLOWS: Final = {Profile.KIOSK: DEVICE_CODE, Profile.COUNTER: CIBA}


@dataclass
class NoncedSystem(System):
    """A system of a profile whose proofs carry the server's nonce (RFC 9449 section 8).

    Attributes:
        nonce: What the server last said.
    """

    nonce: str = ""

    def proof(self, method: str, path: str, *, token: str | None = None) -> str:
        """Return a proof with the server's nonce."""
        plain = SignedJwt(super().proof(method, path, token=token))
        claims = dict(plain.claims) | ({"nonce": self.nonce} if self.nonce else {})
        return self.proof_key.sign(dict(plain.headers), claims)

    def form(self, path: str, values: Mapping[str, str]) -> Response:
        """Send a form, again with the nonce if the server asks for one."""
        answer = super().form(path, values)
        if answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce":
            self.nonce = answer.headers["dpop-nonce"]
            answer = super().form(path, values)
        return answer


def window_system(world: HttpWorld, profile: Profile) -> NoncedSystem:
    """Register a kiosk's or counter's system of the market department."""
    made = NoncedSystem(world, MARKET, unique())
    plain = registration_of(made)
    own = {
        "profile": profile.value,
        "redirect_uris": [],
        "grant_types": [FLOWS[profile]],
        "scopes": [],
        "location": "示范区政务服务中心二层 12 号窗口",
        "evidence": {CODE: plain["evidence"][CODE]},
        "issue_codes": [],
        "service_items": [FOOD],
    }
    register(world.vault, json.dumps(plain | own), demo=True)
    return made


def counter_form(counter: System, case_no: str) -> dict[str, str]:
    """Return what a counter sends to ask the holder of a case (CIBA Core 7.1)."""
    now = counter.world.now()
    claims = {
        "iss": counter.client_id,
        "aud": ORIGIN,
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "jti": unique(),
        "login_hint": f"case:{case_no}",
        "binding_message": "3号窗口 47",
        "authorization_details": json.loads(_details(counter, case_no)),
    }
    return {"request": counter.key.sign({"alg": counter.key.alg, "kid": "k1"}, claims)}


def kiosk_form(kiosk: System, case_no: str) -> dict[str, str]:
    """Return what a kiosk sends to begin (RFC 8628 section 3.1)."""
    return {"authorization_details": _details(kiosk, case_no)}


def _details(system: System, case_no: str) -> str:
    [detail] = json.loads(system.request(case_no)["authorization_details"])
    return json.dumps([detail | {"uses": 1, "evidence": [{"code": CODE, "view": "verify"}]}])
