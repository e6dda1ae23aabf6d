"""A kiosk and a counter beside the authorization server: what they send, what holders answer."""

import json
from typing import Any

from httpx2 import Response as Answered

from api.consent_page import Choice, Chosen, ConsentPage
from api.window_desk import Decision, Outcome
from policies.scopes import View
from tests.support.jws import Signer, ec_signer
from tests.support.oauth_world import (
    CASE,
    KEYS,
    NOW,
    ORIGIN,
    World,
    client,
    details,
    unique,
)
from vault.clients import Client, Profile
from vault.clients.metadata import ClientMetadata
from vault.clients.profiles import CIBA, DEVICE_CODE
from vault.clients.protocol import SignIn

CIBA_PATH = "/oauth/bc-authorize"
DEVICE_PATH = "/oauth/device_authorization"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, not a secret
NUMBER = "47"
MESSAGE = f"3号窗口 {NUMBER}"
WINDOW = "示范区政务服务中心二层 12 号窗口"
HALL = "示范区政务服务中心一层 3 号自助机"
KEYS |= {name: ec_signer() for name in ("kiosk", "kiosk2", "counter", "counter2")}
VERIFY = Choice(evidence={"LC01": Chosen(view=View.VERIFY, fields=frozenset())})
EVIDENCE = [{"code": "LC01"}, {"code": "LC04", "view": "summary"}]


def kiosk(name: str = "kiosk", **changes: Any) -> Client:  # noqa: ANN401 - any field
    """Return a kiosk's client."""
    usual = {
        "profile": Profile.KIOSK,
        "redirect_uris": (),
        "grant_types": frozenset({DEVICE_CODE}),
        "scopes": frozenset[str](),
        "metadata": ClientMetadata(location=HALL),
    }
    return client(name, **(usual | changes))


def counter(name: str = "counter", **changes: Any) -> Client:  # noqa: ANN401 - any field
    """Return a counter's client."""
    usual = {
        "profile": Profile.COUNTER,
        "redirect_uris": (),
        "grant_types": frozenset({CIBA, "refresh_token"}),
        "scopes": frozenset[str](),
        "metadata": ClientMetadata(location=WINDOW),
    }
    return client(name, **(usual | changes))


class WindowWorld(World):
    """The server with a kiosk and a counter registered."""

    def __init__(self, **how: Any) -> None:  # noqa: ANN401 - as World
        super().__init__(**how)
        self.memory.add(kiosk(), kiosk("kiosk2"), counter(), counter("counter2"))

    @property
    def nonce(self) -> str:
        """The nonce of this minute."""
        return self.provider.nonces.at(self.clock.now)

    def kiosk_post(
        self,
        path: str,
        form: dict[str, Any],
        *,
        client: str = "kiosk",
        key: Signer | None = None,
        **claims: Any,  # noqa: ANN401 - any claim of the proof
    ) -> Answered:
        """Send a form with a proof that has a nonce; ``nonce=None`` leaves it out."""
        proof = self.proof(path, key=key, **({"nonce": self.nonce} | claims))
        return self.post(path, form, client=client, proof=proof)

    def begin(self, wanted: list[Any] | None = None, **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Let the kiosk begin."""
        how = {name: changes.pop(name) for name in ("client", "key", "nonce") if name in changes}
        found = wanted or [details(evidence=EVIDENCE, valid={"from": NOW, "to": NOW + 3600})]
        form = {"authorization_details": json.dumps(found)} | changes
        return self.kiosk_post(DEVICE_PATH, form, **how)

    def poll(self, code: str, **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Poll as a kiosk does."""
        how = {name: changes.pop(name) for name in ("client", "key", "nonce") if name in changes}
        form = {"grant_type": DEVICE_CODE, "device_code": code} | changes
        return self.kiosk_post(TOKEN_PATH, form, **how)

    def request_object(self, name: str = "counter", **changes: Any) -> str:  # noqa: ANN401 - any claim
        """Return what a counter signs; ``None`` leaves a claim out."""
        signer = changes.pop("key", None) or KEYS[name]
        header = {"alg": signer.alg, "kid": "k1"} | changes.pop("header", {})
        now = self.clock.now
        claims = {
            "iss": name,
            "aud": ORIGIN,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": unique(),
            "login_hint": f"case:{CASE}",
            "binding_message": MESSAGE,
            "authorization_details": [details(evidence=EVIDENCE)],
        } | changes
        return signer.sign(header, {k: v for k, v in claims.items() if v is not None})

    def ask(self, name: str = "counter", **changes: Any) -> Answered:  # noqa: ANN401 - any claim
        """Let a counter ask."""
        form = {"request": self.request_object(name, **changes)}
        return self.post(CIBA_PATH, form, client=name)

    def fetch(self, code: str, *, client: str = "counter", **changes: Any) -> Answered:  # noqa: ANN401 - any parameter
        """Poll as a counter does."""
        how = {name: changes.pop(name) for name in ("proof",) if name in changes}
        form = {"grant_type": CIBA, "auth_req_id": code} | changes
        return self.post(TOKEN_PATH, form, client=client, **how)

    def asked_page(self, *, signin: SignIn) -> tuple[bytes, ConsentPage]:
        """Open what a counter waits for."""
        [waiting] = self.window.waiting(signin=signin)
        return waiting.request_id, self.window.open(waiting.request_id, signin=signin)

    def say(self, **how: Any) -> Outcome:  # noqa: ANN401 - any part of a decision
        """Decide on the one request of a counter as its holder; the right number is chosen."""
        signin = how.pop("signin", None) or self.signin()
        request_id, page = self.asked_page(signin=signin)
        return self.decide(request_id, page, signin=signin, **({"number": NUMBER} | how))

    def opened(self, user_code: str, *, signin: SignIn) -> tuple[bytes, ConsentPage]:
        """Type a code and open the page that it leads to."""
        request_id = self.window.enter(user_code, signin=signin)
        return request_id, self.window.open(request_id, signin=signin)

    def answer(self, user_code: str, **how: Any) -> Outcome:  # noqa: ANN401 - any part of a decision
        """Decide on a kiosk's request as its holder."""
        signin = how.pop("signin", None) or self.signin()
        request_id, page = self.opened(user_code, signin=signin)
        return self.decide(request_id, page, signin=signin, **how)

    def decide(
        self,
        request_id: bytes,
        page: ConsentPage,
        *,
        signin: SignIn,
        **how: Any,  # noqa: ANN401 - any part of a decision
    ) -> Outcome:
        """Decide on what a page shows; by default a part is given."""
        return self.window.decide(
            request_id,
            signin=signin,
            decision=Decision(**({"choice": VERIFY} | how)),
            locale="zh-CN",
            shown_hash=page.shown_hash("zh-CN"),
        )
