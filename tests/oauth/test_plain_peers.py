"""Plain OAuth clients, which know neither pushed requests nor bound tokens (oauth.md: b63).

They must fail, and with errors that their libraries know: never an error of the server, never
a redirect to somewhere, never a token.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from scripts.demo_clients import REDIRECT
from scripts.demo_people import Somebody
from tests.support.node_clients import OPENID_CLIENT, NodeSystem, connected
from tests.support.peers import Peer, PeerError
from tests.support.served import CODE, REQUESTER, Served, served

pytestmark = pytest.mark.slow

SCOPE = "ev:identity:resident_id_card:full"
SECRET = "a-secret-that-nobody-issued"  # noqa: S105 - none is ever issued
VERIFIER = "v" * 43

_numbers = count(1)

Running = Callable[[str], Peer]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the demonstration in a process of its own."""
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def holder(server: Served) -> Somebody:
    return server.settled()


@pytest.fixture
def system(server: Served, peer: Running) -> NodeSystem:
    """Return the same client as it should be: its codes and tokens are real."""
    return connected(server, peer(OPENID_CLIENT), f"plain-{next(_numbers)}")


@pytest.fixture
def session(system: NodeSystem, monkeypatch: pytest.MonkeyPatch) -> Iterator[OAuth2Session]:
    """Return a session of requests-oauthlib; its own option lets it speak http on loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with OAuth2Session(system.client_id, redirect_uri=REDIRECT, scope=SCOPE) as found:
        found.trust_env = False
        yield found


@pytest.fixture
def plain(system: NodeSystem, peer: Running) -> Callable[..., Peer]:
    """Return what connects a client of the library of npm."""

    def connect(**settings: str) -> Peer:
        running = peer("badgateway")
        running.ask(
            "connect",
            server=system.server.origin,
            clientId=system.client_id,
            clientSecret=settings.get("secret"),
            method=settings.get("method"),
        )
        return running

    return connect


def code_of(callback: str) -> str:
    """Return the code in the address to which a holder was sent back."""
    return callback.partition("code=")[2].partition("&")[0]


def stays_here(address: str) -> bool:
    """Open an authorize address as a browser does; say whether it led to a page of the server."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    return answer.status_code == 400 and "Location" not in answer.headers


def token_url(system: NodeSystem) -> str:
    url: str = system.found["token_endpoint"]
    return url


def told(refused: pytest.ExceptionInfo[OAuth2Error]) -> tuple[int, str | None]:
    """Return status and code of the server's answer, as the library tells them."""
    return refused.value.status_code, refused.value.error


def test_b63_requests_oauthlib_gets_no_page_of_consent(
    session: OAuth2Session, system: NodeSystem
) -> None:
    address, _state = session.authorization_url(system.found["authorization_endpoint"])

    assert stays_here(address)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"client_secret": SECRET}, id="basic"),
        pytest.param({"client_secret": SECRET, "include_client_id": True}, id="post"),
        pytest.param({"include_client_id": True}, id="public"),
    ],
)
def test_b63_requests_oauthlib_gets_no_token_for_a_code(
    session: OAuth2Session, system: NodeSystem, holder: Somebody, how: dict[str, Any]
) -> None:
    callback = system.authorized(holder)

    with pytest.raises(OAuth2Error) as refused:
        session.fetch_token(
            token_url(system), code=code_of(callback), code_verifier=VERIFIER, **how
        )

    assert told(refused) == (401, "invalid_client")
    assert system.redeem(callback)["token_type"] == "dpop"  # Not spent by it.  # noqa: S105


@pytest.mark.parametrize(
    "kind", [BackendApplicationClient, LegacyApplicationClient], ids=["credentials", "password"]
)
def test_b63_requests_oauthlib_gets_no_token_of_its_own(
    session: OAuth2Session, system: NodeSystem, kind: type
) -> None:
    with (
        OAuth2Session(client=kind(client_id=system.client_id)) as own,
        pytest.raises(OAuth2Error) as refused,
    ):
        own.fetch_token(
            token_url(system), client_secret=SECRET, username="somebody", password=SECRET
        )

    assert told(refused) == (401, "invalid_client")


def test_b63_requests_oauthlib_uses_no_real_token_and_refreshes_none(
    session: OAuth2Session, system: NodeSystem, holder: Somebody
) -> None:
    tokens = system.redeem(system.authorized(holder, scope=f"{SCOPE} offline_access"))
    session.token = {"access_token": tokens["access_token"], "token_type": "Bearer"}

    answer = session.get(f"{system.server.origin}/v1/evidence/{CODE}?view=full", timeout=10)
    with pytest.raises(OAuth2Error) as refused:
        session.refresh_token(token_url(system), refresh_token=tokens["refresh_token"])

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert told(refused) == (401, "invalid_client")
    assert system.refresh(tokens["refresh_token"])["refresh_token"] == tokens["refresh_token"]


def test_b63_the_plain_client_of_npm_gets_no_page_of_consent(plain: Callable[..., Peer]) -> None:
    address = plain().ask("authorize", redirectUri=REDIRECT, scope=SCOPE)

    assert stays_here(address)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"secret": SECRET, "method": "client_secret_basic"}, id="basic"),
        pytest.param({"secret": SECRET, "method": "client_secret_post"}, id="post"),
        pytest.param({}, id="public"),
    ],
)
def test_b63_the_plain_client_of_npm_gets_nothing(
    plain: Callable[..., Peer], system: NodeSystem, holder: Somebody, how: dict[str, str]
) -> None:
    callback = system.authorized(holder, scope=f"{SCOPE} offline_access")
    client, refusals = plain(**how), []

    code = {"code": code_of(callback), "redirectUri": REDIRECT, "codeVerifier": VERIFIER}
    acts: list[tuple[str, dict[str, str]]] = [
        ("redeem", code),
        ("refresh", {"token": system.redeem(callback)["refresh_token"]}),
        ("introspect", {"token": "t"}),
        ("revoke", {"token": "t"}),
    ]
    if how:  # Without a secret the library does not even ask.
        acts.append(("credentials", {"scope": "registry:read"}))
    for act, values in acts:
        with pytest.raises(PeerError) as refused:
            client.ask(act, **values)
        refusals.append((refused.value.status, refused.value.error))

    assert refusals == [(401, "invalid_client")] * len(acts)


def test_b06_parameters_beside_a_pushed_request_change_nothing(
    system: NodeSystem, holder: Somebody
) -> None:
    requester = system.server.system(REQUESTER)
    address = system.push(system.server.details(requester, holder, note="核对身份"))
    more = urlencode({"redirect_uri": "https://other.example.org/", "state": "another"})

    _, callback = system.server.decided(holder, f"{address}&{more}")

    assert callback.startswith(f"{REDIRECT}?")
    assert system.redeem(callback)["token_type"] == "dpop"  # noqa: S105 - a scheme
