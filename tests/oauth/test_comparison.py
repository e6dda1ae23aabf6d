"""The same peer before our server and npm ``oidc-provider``: no difference is unexplained."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import pytest
import requests

from scripts.demo_clients import REDIRECT, DemoClient, registration
from tests.support.node_clients import FLOWS
from tests.support.peers import PEERS, Peer
from tests.support.served import REQUESTER, served

CLIENT: Final = "compared"
HOPS: Final = 10
SPOILT: Final = (
    *("another verifier", "no verifier", "another redirect_uri", "no proof", "another key"),
)
SCOPE: Final = "openid offline_access"

pytestmark = pytest.mark.slow

Outcomes = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A step in which the two servers differ.

    Attributes:
        why: For what reason ours answers as it does.
    """

    ours: str
    theirs: str
    why: str


def differences() -> Mapping[str, Difference]:
    listed = tomllib.loads((PEERS / "differences.toml").read_text("utf-8"))
    return {
        one["step"]: Difference(**{k: one[k] for k in ("ours", "theirs", "why")})
        for one in listed["difference"]
    }


def played(
    peer: Peer,
    issuer: str,
    *,
    asks: Callable[[], Mapping[str, Any]],
    agree: Callable[[str], str],
) -> Outcomes:
    """Let ``peer`` go through all its steps.

    Args:
        peer: Runs ``steps.js``, and has its keys.
        issuer: The server.
        asks: What a request asks for; of a new case each time.
        agree: Lets somebody agree to what an address shows; returns the callback.
    """

    def ask() -> str:
        values = {"clientId": CLIENT, "redirectUri": REDIRECT, "asks": asks()}
        peer.ask("discover", issuer=issuer, **values)
        return agree(peer.ask("ask"))

    peer.ask("discover", issuer=issuer, clientId=CLIENT, redirectUri=REDIRECT, asks=asks())
    told: dict[str, str] = peer.ask("alone")
    told |= peer.ask("whole", callback=ask())
    for how in SPOILT:
        told |= peer.ask("spoilt", callback=ask(), how=how)
    return told


def ours(folder: Path, peer: Peer) -> Outcomes:
    jwk = peer.ask("key")
    with served(folder) as server:
        client = DemoClient(client_id=CLIENT, department=REQUESTER, key=jwk)
        changes = {"grant_types": [*FLOWS], "jwks": {"keys": [jwk]}}
        server.register(registration(client) | changes)
        people = [server.settled()]

        def asks() -> Mapping[str, Any]:
            people.append(server.settled())
            details = server.details(server.system(REQUESTER), people[-1], note="核对身份")
            return {"authorization_details": json.dumps([details]), "scope": SCOPE}

        return played(
            peer, server.origin, asks=asks, agree=lambda url: server.decided(people[-1], url)[1]
        )


def theirs(peer: Peer, provider: Peer) -> Outcomes:
    jwk = peer.ask("key")
    jwks = {"keys": [jwk]}
    issuer = provider.ask("start", clientId=CLIENT, redirectUri=REDIRECT, jwks=jwks)
    return played(peer, issuer, asks=lambda: {"scope": SCOPE}, agree=followed)


def followed(url: str) -> str:
    """Follow a browser's way to the callback."""
    with requests.Session() as browser:
        for _ in range(HOPS):
            answer = browser.get(url, allow_redirects=False, timeout=10)
            url = urljoin(url, answer.headers["Location"])
            if url.startswith(REDIRECT):
                return url
    raise AssertionError(url)


def test_b66_another_server_answers_the_same_but_for_what_is_listed(
    tmp_path: Path, peer: Callable[[str], Peer]
) -> None:
    listed = differences()

    us = ours(tmp_path, peer("steps"))
    them = theirs(peer("steps"), peer("oidc_provider"))

    assert us.keys() == them.keys()
    found = {step: (us[step], them[step]) for step in us if us[step] != them[step]}
    assert found == {step: (one.ours, one.theirs) for step, one in listed.items()}
    assert all(one.why for one in listed.values())
