"""A kiosk and a counter before a served vault: what they poll with, once it is approved."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final, Self

from scripts.demo_browser import Codes
from scripts.demo_people import Somebody
from scripts.gateway import CODES_FILE
from tests.support.crowd import Crowd, Shot
from tests.support.jws import Signer, ec_signer
from tests.support.served import CODE, ITEM, REQUESTER, Watched
from vault.clients import Profile
from vault.clients.profiles import CIBA, DEVICE_CODE

FLOWS: Final = {Profile.KIOSK: DEVICE_CODE, Profile.COUNTER: CIBA}
SECRETS: Final = {Profile.KIOSK: "device_code", Profile.COUNTER: "auth_req_id"}
NUMBER: Final = "47"
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class WindowCrowd(Crowd):
    """One kiosk, or one counter, that polls too often."""

    profile: Profile = Profile.KIOSK
    key: Signer = field(default_factory=ec_signer)

    @classmethod
    def beside(cls, crowd: Crowd, profile: Profile) -> Self:
        """Enter a new one before the servers of ``crowd``."""
        name = f"{profile.value}-{time.time_ns()}"
        found = cls(server=crowd.server, origins=crowd.origins, client_id=name, profile=profile)
        found.key.jwk["kid"] = "k1"
        crowd.server.register(
            {
                "client_id": name,
                "department": REQUESTER,
                "name_zh": "人社业务窗口",
                "name_en": "Human resources: window",
                "profile": profile.value,
                "jwks": {"keys": [found.key.jwk]},
                "grant_types": [FLOWS[profile]],
                "location": "示范区政务服务中心",
                "evidence": {CODE: "verify"},
                "service_items": [ITEM],
            }
        )
        return found

    def approved(self) -> str:
        """Begin, let somebody agree, and return what is polled with."""
        bare = self.send(Shot(method="POST", path="/oauth/token", headers=FORM))
        self.nonce = bare.headers["DPoP-Nonce"]
        holder = self.server.settled()
        department = self.server.system(REQUESTER)
        details = self.server.details(department, holder, note="核对身份")
        details["evidence"] = [{"code": CODE, "view": "verify"}]
        begun = self._begun(details)
        self._agree(holder, begun)
        return str(begun[SECRETS[self.profile]])

    def poll(self, code: str) -> Shot:
        """Return a request that redeems ``code``."""
        form = {"grant_type": FLOWS[self.profile], SECRETS[self.profile]: code}
        return self.form("/oauth/token", form)

    def _begun(self, details: dict[str, Any]) -> dict[str, Any]:
        if self.profile is Profile.KIOSK:
            path, form = "/oauth/device_authorization", json.dumps([details])
            shot = self.form(path, {"authorization_details": form})
        else:
            shot = self.form("/oauth/bc-authorize", {"request": self._signed(details)})
        answer = self.send(shot)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def _signed(self, details: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "aud": self.server.origin,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": str(time.time_ns()),
            "login_hint": f"case:{details['case']}",
            "binding_message": f"A {NUMBER}",
            "authorization_details": [details],
        }
        return self.key.sign({"alg": "ES256", "kid": "k1"}, claims)

    def _agree(self, holder: Somebody, begun: dict[str, Any]) -> None:
        browser = Watched(self.server.origin, locale="zh-CN")
        start = begun.get("verification_uri_complete", f"{self.server.origin}/space/asked")
        browser.open(start)
        codes = Codes(path=self.server.data / "demo" / CODES_FILE)
        browser.sign_in(holder.kind.value, number=holder.number, codes=codes)
        if self.profile is Profile.KIOSK:
            browser.send(browser.page.form(holding="user_code"))
        else:
            found = next(one for one in browser.page.links if one.startswith("/space/asked/"))
            browser.open(self.server.origin + found)
        form = browser.page.form(holding=f"give-{CODE}")
        number = {} if self.profile is Profile.KIOSK else {"number": NUMBER}
        browser.send(form, **{f"give-{CODE}": "verify"}, **number, act="give")
