"""Signed messages with clients and verifiers that we did not write: openid-client and jose."""

from collections.abc import Callable, Iterator
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.node_clients import (
    OPENID_CLIENT,
    RESOURCE_SERVER,
    Kind,
    NodeSystem,
    connected,
)
from tests.support.peers import Jose, Peer, PeerError
from tests.support.served import CODE, REQUESTER, Served, served

pytestmark = pytest.mark.slow

Running = Callable[[str], Peer]
_numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the demonstration in a process of its own."""
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


def signing(server: Served, peer: Running, *, kind: Kind | None = None) -> NodeSystem:
    """Return a system of signed messages, just entered."""
    name = f"signing-{next(_numbers)}"
    return connected(
        server, peer(OPENID_CLIENT), name, kind=kind, signed="ES256", profile="fapi2_ms"
    )


@pytest.mark.parametrize("kind", [Kind(), Kind(alg="PS256"), Kind(alg="Ed25519")], ids=str)
def test_b16_b17_b24_b35_the_whole_flow_with_signed_messages(
    server: Served, peer: Running, kind: Kind
) -> None:
    holder = server.settled()
    system = signing(server, peer, kind=kind)
    name = f"checker-{next(_numbers)}"
    checker = connected(server, peer(OPENID_CLIENT), name, signed="ES256", **RESOURCE_SERVER)
    plain = connected(server, peer(OPENID_CLIENT), f"{name}-plain", **RESOURCE_SERVER)

    tokens = system.redeem(system.authorized(holder))

    token = tokens["access_token"]
    status, body = system.resource(token, f"/v1/evidence/{CODE}?view=full")
    told = checker.introspect(token)
    assert (status, body["fields"]["name"]) == (200, holder.name)
    assert (told["active"], told["client_id"]) == (True, system.client_id)
    assert plain.introspect(token) == {"active": False}


def test_b17_a_verifier_of_others_takes_the_answer_and_an_error(
    server: Served, peer: Running, jose: Jose
) -> None:
    holder = server.settled()
    system = signing(server, peer)
    jwks = requests.get(f"{server.origin}/.well-known/jwks.json", timeout=10).json()
    details = server.details(server.system(REQUESTER), holder, note="核对身份")

    answers = [
        server.decided(holder, system.push(details), act=act)[1] for act in ("give", "refuse")
    ]

    told = [
        jose.verify(
            parse_qs(urlsplit(one).query)["response"][0],
            jwks=jwks,
            issuer=server.origin,
            audience=system.client_id,
            algorithms=["ES256"],
            typ="JWT",
            required=["exp", "state"],
        ).claims
        for one in answers
    ]
    assert [set(one) for one in told] == [
        {"iss", "aud", "exp", "code", "state"},
        {"iss", "aud", "exp", "error", "error_description", "state"},
    ]
    assert told[1]["error"] == "access_denied"


def test_b17_an_answer_for_another_client_is_seen_through(server: Served, peer: Running) -> None:
    holder = server.settled()
    system, other = signing(server, peer), signing(server, peer)
    details = server.details(server.system(REQUESTER), holder, note="核对身份")
    other.push(details)

    with pytest.raises(PeerError) as refused:
        other.redeem(system.authorized(holder))

    assert (refused.value.status, refused.value.error) == (0, "")


def test_b16_who_has_to_sign_and_does_not_is_told(server: Served, peer: Running) -> None:
    name = f"unsigned-{next(_numbers)}"
    system = connected(server, peer(OPENID_CLIENT), name, profile="fapi2_ms")
    details = server.details(server.system(REQUESTER), server.settled(), note="核对身份")

    with pytest.raises(PeerError) as refused:
        system.push(details)

    assert (refused.value.status, refused.value.error) == (400, "invalid_request_object")
