"""Kiosk and counter as an independent client plays them (requests-oauth2client, jwskate)."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import uvicorn
from jwskate import Jwk
from requests_oauth2client import (
    AccessDenied,
    AuthorizationPending,
    DPoPKey,
    InvalidGrant,
    OAuth2Client,
    PrivateKeyJwt,
    SlowDown,
)

from tests.support.oauth_world import CASE, details
from tests.support.window_world import (
    EVIDENCE,
    MESSAGE,
    NUMBER,
    VERIFY,
    WindowWorld,
    counter,
    kiosk,
)

NOT_DISCOVERED = ("backchannel_authentication_endpoint", "device_authorization_endpoint")
"""What the library does not read from the metadata by itself."""


@pytest.fixture
def served() -> Iterator[WindowWorld]:
    """Serve a world of its own on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = WindowWorld(origin=origin, now=int(time.time()))
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield world
        server.should_exit = True
        thread.join()


def peer(world: WindowWorld, name: str) -> tuple[OAuth2Client, Jwk]:
    """Register a client with a key that the peer made, and return the peer, by discovery."""
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    public = json.dumps({"keys": [dict(key.public_jwk())]})
    world.memory.add(kiosk(jwks=public) if name == "kiosk" else counter(jwks=public))
    origin = world.provider.origin
    document = requests.get(f"{origin}/.well-known/oauth-authorization-server", timeout=5).json()
    found = OAuth2Client.from_discovery_document(
        document,
        issuer=origin,
        testing=True,
        auth=PrivateKeyJwt(name, key, alg="ES256", aud=origin),
        dpop_bound_access_tokens=True,
        **{name: document[name] for name in NOT_DISCOVERED},
    )
    return found, key


def wanted(world: WindowWorld) -> list[dict[str, Any]]:
    """Return what both ask for."""
    now = world.clock.now
    return [details(evidence=EVIDENCE, locations=None, valid={"from": now, "to": now + 3600})]


def test_b51_a_kiosk_of_another_maker_gets_its_token(served: WindowWorld) -> None:
    client, _ = peer(served, "kiosk")
    key = DPoPKey.generate()

    told = client.authorize_device(
        authorization_details=json.dumps(wanted(served)),
        dpop_jkt=str(key.dpop_jkt),
    )
    with pytest.raises(AuthorizationPending):
        client.device_code(told, dpop=True, dpop_key=key)
    with pytest.raises(SlowDown):
        client.device_code(told, dpop=True, dpop_key=key)
    served.answer(told.user_code)
    with pytest.raises(InvalidGrant):
        client.device_code(told, dpop=True, dpop_key=DPoPKey.generate())
    token = client.device_code(told, dpop=True, dpop_key=key)

    assert token.token_type == "DPoP"  # noqa: S105 - a scheme, not a secret
    assert token.authorization_details[0]["evidence"] == [{"code": "LC01", "view": "verify"}]
    probe = requests.get(f"{served.provider.origin}/v1/probe", auth=token, timeout=5)
    assert probe.json()["client"] == "kiosk"
    with pytest.raises(InvalidGrant):
        client.device_code(told, dpop=True, dpop_key=key)


def test_b51_a_kiosk_of_another_maker_is_told_of_a_refusal(served: WindowWorld) -> None:
    client, _ = peer(served, "kiosk")
    key = DPoPKey.generate()
    told = client.authorize_device(
        authorization_details=json.dumps(wanted(served)), dpop_jkt=str(key.dpop_jkt)
    )

    served.answer(told.user_code, choice=None)

    with pytest.raises(AccessDenied):
        client.device_code(told, dpop=True, dpop_key=key)


def test_b49_a_counter_of_another_maker_gets_its_token_and_refreshes(served: WindowWorld) -> None:
    client, signing = peer(served, "counter")
    key = DPoPKey.generate()
    now = served.clock.now
    claims: dict[str, Any] = {
        "iss": "counter",
        "aud": served.provider.origin,
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "jti": "one",
        "authorization_details": wanted(served),
        "dpop_jkt": str(key.dpop_jkt),
    }

    told = client.backchannel_authentication_request(
        scope="openid offline_access",
        login_hint=f"case:{CASE}",
        binding_message=MESSAGE,
        requested_expiry=300,
        private_jwk=signing,
        alg="ES256",
        **claims,
    )
    with pytest.raises(AuthorizationPending):
        client.ciba(told, requests_kwargs={"dpop": True, "dpop_key": key})
    signin = served.signin()
    request_id, page = served.asked_page(signin=signin)
    served.decide(request_id, page, signin=signin, number=NUMBER, choice=VERIFY)
    token = client.ciba(told, requests_kwargs={"dpop": True, "dpop_key": key})
    again = client.refresh_token(token, dpop_key=key)

    assert told.auth_req_id.startswith("vcb_")
    assert token.scope == "ev:licence:business_license:verify offline_access openid"
    assert again.refresh_token == token.refresh_token
    probe = requests.get(f"{served.provider.origin}/v1/probe", auth=again, timeout=5)
    assert probe.json()["client"] == "counter"
