"""A kiosk and a counter of the market department, beside the portal."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from fastapi.testclient import TestClient
from httpx2 import Response

from api.oauth.client_auth import ASSERTION_TYPE
from policies.items import items
from scripts.demo_people import Somebody
from scripts.registering import register
from tests.support.jws import Signer, ec_signer
from tests.support.oauth_world import unique
from tests.support.portal_world import FOOD, HOUR, MARKET, PortalWorld
from vault.clients import Profile
from vault.clients.profiles import CIBA, DEVICE_CODE
from vault.services.open_case import OpenCase, open_case

PLACES: Final = {
    Profile.KIOSK: "示范区政务服务中心一层 3 号自助机",
    Profile.COUNTER: "示范区政务服务中心二层 12 号窗口",
}
FLOWS: Final = {Profile.KIOSK: DEVICE_CODE, Profile.COUNTER: CIBA}
CODES: Final = ("LC04", "LC01")
NUMBER: Final = "47"

_numbers: Final = count(1)


@dataclass
class WindowSystem:
    """One machine, or one counter, with its own keys."""

    world: PortalWorld
    profile: Profile
    client_id: str = field(default_factory=lambda: f"window-{next(_numbers)}")
    key: Signer = field(default_factory=ec_signer)
    proof_key: Signer = field(default_factory=ec_signer)

    def registered(self) -> "WindowSystem":
        """Enter it as the operator does."""
        market = self.world.clients[MARKET]
        rights = items()[FOOD].requirements
        text = {
            "client_id": self.client_id,
            "department": market.department,
            "name_zh": "食品经营许可自助系统",
            "name_en": "Food licences: self-service",
            "profile": self.profile.value,
            "jwks": {"keys": [self.key.jwk | {"kid": "k1"}]},
            "grant_types": [FLOWS[self.profile]],
            "location": PLACES[self.profile],
            "evidence": {code: rights[code].view.label for code in CODES},
            "service_items": [FOOD],
        }
        register(self.world.vault, json.dumps(text), demo=True)
        return self

    def case(self, holder: Somebody) -> str:
        """Open a case of the holder."""
        asked = OpenCase(
            caller=self.world.caller(MARKET), number=self.world.number(holder), item=FOOD
        )
        return str(open_case(self.world.vault, asked).case_no)

    def details(self, case_no: str) -> list[dict[str, Any]]:
        """Return what it asks for."""
        now, item = self.world.now(), items()[FOOD]
        return [
            {
                "type": "evidence_access",
                "basis": "consent",
                "subject": {"kind": "person"},
                "purpose": {"code": item.purposes[0], "note": "核对开业条件"},
                "item": FOOD,
                "case": case_no,
                "evidence": [
                    {"code": code, "view": "summary" if code == "LC04" else "verify"}
                    for code in CODES
                ],
                "valid": {"from": now - 60, "to": now + HOUR},
                "uses": 1,
                "retention_days": 30,
            }
        ]

    def begin(self, holder: Somebody, **asked: str) -> dict[str, Any]:
        """Begin at a kiosk."""
        form = {"authorization_details": json.dumps(self.details(self.case(holder)))} | asked
        answer = self.post("/oauth/device_authorization", form)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def ask(self, holder: Somebody, *, hint: str = "") -> str:
        """Ask at a counter; return the ``auth_req_id``."""
        case_no, now = self.case(holder), self.world.now()
        claims = {
            "iss": self.client_id,
            "aud": self.world.origin,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": unique(),
            "login_hint": hint or f"case:{case_no}",
            "binding_message": f"3号窗口 {NUMBER}",
            "authorization_details": self.details(case_no),
        }
        signed = self.key.sign({"alg": self.key.alg, "kid": "k1"}, claims)
        answer = self.post("/oauth/bc-authorize", {"request": signed})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_req_id"])

    def poll(self, code: str) -> Response:
        """Poll with what was given out."""
        name = "device_code" if self.profile is Profile.KIOSK else "auth_req_id"
        return self.post("/oauth/token", {"grant_type": FLOWS[self.profile], name: code})

    def post(self, path: str, form: dict[str, str]) -> Response:
        """Send a form as this system."""
        origin, now = self.world.origin, self.world.now()
        assertion = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": origin,
            "jti": unique(),
            "iat": now,
            "exp": now + 60,
        }
        http = TestClient(self.world.app, base_url=origin)
        nonce = http.post("/oauth/token", data={"grant_type": "x"}).headers["DPoP-Nonce"]
        proof = {"jti": unique(), "htm": "POST", "htu": origin + path, "iat": now, "nonce": nonce}
        header = {"typ": "dpop+jwt", "alg": self.proof_key.alg, "jwk": self.proof_key.jwk}
        sent = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.key.sign({"alg": self.key.alg, "kid": "k1"}, assertion),
        }
        headers = {"DPoP": self.proof_key.sign(header, proof)}
        return http.post(path, data=sent | form, headers=headers)
