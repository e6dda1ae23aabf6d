"""An independent client (requests-oauth2client, jwskate) against a server on a real port."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests
import uvicorn
from jwskate import Jwk
from requests_oauth2client import (
    AuthorizationRequest,
    AuthorizationResponse,
    InvalidClient,
    InvalidGrant,
    OAuth2Client,
    PrivateKeyJwt,
    UnauthorizedClient,
)

from api.consent_page import Choice, Chosen
from policies.scopes import View
from tests.support.oauth_world import REDIRECT, World, client, details
from vault.clients import Profile

IDENTITY = Chosen(view=View.FULL, fields=frozenset({"name", "id_number"}))


@pytest.fixture
def served() -> Iterator[World]:
    """Serve a world of its own on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = World(origin=origin, now=int(time.time()))
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield world
        server.should_exit = True
        thread.join()


def peer(world: World, name: str, alg: str, key: Jwk) -> OAuth2Client:
    """Return the independent client, configured by discovery."""
    origin = world.provider.origin
    document = requests.get(f"{origin}/.well-known/oauth-authorization-server", timeout=5).json()
    return OAuth2Client.from_discovery_document(
        document,
        issuer=origin,
        testing=True,
        auth=PrivateKeyJwt(name, key, alg=alg, aud=origin),
        redirect_uri=REDIRECT,
        dpop_bound_access_tokens=True,
    )


def registered(world: World, name: str, alg: str) -> OAuth2Client:
    """Register a client with a key that the peer made, and return the peer."""
    key = Jwk.generate(alg=alg).with_kid_thumbprint()
    public = json.dumps({"keys": [dict(key.public_jwk())]})
    if name == "checker":
        world.memory.add(client(name, jwks=public, profile=Profile.RS, grant_types=frozenset()))
    else:
        world.memory.add(client(name, jwks=public))
    return peer(world, name, alg, key)


def consented(
    world: World,
    department: OAuth2Client,
    *,
    scope: str,
    dpop_alg: str = "ES256",
) -> tuple[AuthorizationRequest, AuthorizationResponse]:
    """Let the peer ask and the holder agree; return the request and the peer's answer."""
    now = world.clock.now
    wanted = details(locations=None, valid={"from": now, "to": now + 3600})
    asked = department.authorization_request(
        scope=scope,
        authorization_details=json.dumps([wanted]),
        dpop=True,
        dpop_alg=dpop_alg,
    )
    pushed = department.pushed_authorization_request(asked)
    led = requests.get(str(pushed.uri), allow_redirects=False, timeout=5)
    interaction_id = bytes.fromhex(led.headers["Location"].rpartition("/")[2])
    browser = led.cookies["vault-browser"]
    signin = world.signin()
    page = world.desk.open(interaction_id, signin=signin, browser=browser)
    way = world.desk.decide(
        interaction_id,
        signin=signin,
        browser=browser,
        choice=Choice(evidence={"ID01": IDENTITY}),
        locale="zh-CN",
        shown_hash=page.shown_hash("zh-CN"),
    )
    return asked, asked.validate_callback(way.location)


@pytest.mark.parametrize(
    ("alg", "dpop_alg"), [("ES256", "ES256"), ("PS256", "PS256"), ("EdDSA", "EdDSA")]
)
def test_b02_b03_b04_the_whole_flow_with_an_independent_client(
    served: World, alg: str, dpop_alg: str
) -> None:
    department = registered(served, "licensing", alg)
    checker = registered(served, "checker", "ES256")

    asked, answer = consented(
        served, department, scope="ev:identity:resident_id_card:full", dpop_alg=dpop_alg
    )
    token = department.authorization_code(answer)

    assert token.token_type == "DPoP"  # noqa: S105 - a scheme, not a secret
    assert token.authorization_details[0]["evidence"][0]["code"] == "ID01"
    probe = requests.get(f"{served.provider.origin}/v1/probe", auth=token, timeout=5)
    assert probe.json()["client"] == "licensing"
    bare = requests.get(
        f"{served.provider.origin}/v1/probe",
        headers={"Authorization": f"Bearer {token.access_token}"},
        timeout=5,
    )
    assert bare.status_code == 401
    told = checker.introspect_token(token.access_token)
    assert (told["active"], told["cnf"]["jkt"]) == (True, asked.dpop_jkt)
    assert department.revoke_access_token(token.access_token) is True
    assert checker.introspect_token(token.access_token) == {"active": False}
    with pytest.raises(InvalidGrant):
        department.authorization_code(answer)


def test_b27_b31_an_independent_client_refreshes_and_revokes(served: World) -> None:
    department = registered(served, "licensing", "ES256")
    checker = registered(served, "checker", "ES256")
    _, answer = consented(
        served, department, scope="ev:identity:resident_id_card:full offline_access"
    )
    first = department.authorization_code(answer)

    second = department.refresh_token(first, dpop_key=first.dpop_key)
    third = department.refresh_token(second, dpop_key=second.dpop_key)

    tokens = [first, second, third]
    probes = [
        requests.get(f"{served.provider.origin}/v1/probe", auth=token, timeout=5)
        for token in tokens
    ]
    assert {token.refresh_token for token in tokens} == {first.refresh_token}
    assert {probe.status_code for probe in probes} == {200}
    assert department.revoke_refresh_token(first) is True
    assert [checker.introspect_token(one.access_token) for one in tokens] == [
        {"active": False}
    ] * 3
    with pytest.raises(InvalidGrant):
        department.refresh_token(third, dpop_key=third.dpop_key)


def test_b02_an_independent_client_gets_registry_scopes(served: World) -> None:
    department = registered(served, "licensing", "ES256")

    token = department.client_credentials(scope="records:write")

    probe = requests.get(f"{served.provider.origin}/v1/probe", auth=token, timeout=5)
    assert probe.json() == {"client": "licensing", "scopes": ["records:write"]}


def test_b24_an_independent_client_answers_a_request_for_a_new_nonce(served: World) -> None:
    department = registered(served, "licensing", "ES256")
    token = department.client_credentials(scope="records:write")
    token.dpop_key.rs_nonce = "old"

    probe = requests.get(f"{served.provider.origin}/v1/probe", auth=token, timeout=5)

    assert probe.status_code == 200


def test_b63_a_client_without_a_registered_key_fails_with_standard_errors(served: World) -> None:
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    stranger = peer(served, "licensing", "ES256", key)
    checker = registered(served, "checker", "ES256")

    with pytest.raises(InvalidClient):
        stranger.client_credentials(scope="records:write")
    with pytest.raises(UnauthorizedClient):
        checker.client_credentials(scope="records:write")
