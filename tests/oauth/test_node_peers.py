"""Independent clients in Node.js (openid-client, oauth4webapi) against a real server."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from scripts.demo_people import Somebody
from tests.support.node_clients import (
    OAUTH4WEBAPI,
    OPENID_CLIENT,
    RESOURCE_SERVER,
    Kind,
    NodeSystem,
    connected,
)
from tests.support.peers import Peer, PeerError
from tests.support.served import CODE, REQUESTER, Served, served

pytestmark = pytest.mark.slow

KINDS = (
    Kind(),
    Kind(alg="PS256", proof_alg="PS256", proof_bits=2048),
    Kind(alg="ES256", proof_alg="PS256", proof_bits=4096),
    Kind(alg="Ed25519", proof_alg="Ed25519"),
)
PARALLEL = 6
SCOPE = "ev:identity:resident_id_card:full offline_access"

each_library = pytest.mark.parametrize("library", [OPENID_CLIENT, OAUTH4WEBAPI])
_numbers = count(1)

Running = Callable[[str], Peer]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the demonstration in a process of its own."""
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def holder(server: Served) -> Somebody:
    """Return somebody who is asked for the first time."""
    return server.settled()


@pytest.fixture
def system(server: Served, peer: Running, request: pytest.FixtureRequest) -> NodeSystem:
    """Return a system on the library of the test, just entered."""
    library, kind = (
        request.node.callspec.params["library"],
        request.node.callspec.params.get("kind"),
    )
    return connected(server, peer(library), f"node-{next(_numbers)}", kind=kind)


@pytest.fixture
def checker(server: Served, peer: Running, request: pytest.FixtureRequest) -> NodeSystem:
    """Return a resource server on the same library."""
    library = request.node.callspec.params["library"]
    return connected(server, peer(library), f"checker-{next(_numbers)}", **RESOURCE_SERVER)


def held(system: NodeSystem, token: str) -> int:
    """Pull the card; return the status."""
    return system.resource(token, f"/v1/evidence/{CODE}?view=full")[0]


@each_library
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_b01_b02_b03_b04_the_whole_flow(
    system: NodeSystem, checker: NodeSystem, holder: Somebody, library: str, kind: Kind
) -> None:
    tokens = system.redeem(system.authorized(holder))

    status, body = system.resource(tokens["access_token"], f"/v1/evidence/{CODE}?view=full")
    told = checker.introspect(tokens["access_token"])
    system.revoke(tokens["access_token"])
    after = checker.introspect(tokens["access_token"])

    assert system.found["issuer"] == system.server.origin
    assert tokens["token_type"] == "dpop"  # As these libraries write it. # noqa: S105
    assert tokens["authorization_details"][0]["evidence"][0]["code"] == CODE
    assert (status, body["fields"]["name"]) == (200, holder.name)
    assert (told["active"], told["client_id"]) == (True, system.client_id)
    assert after == {"active": False}


@each_library
def test_b27_b31_the_same_refresh_token_serves_three_times_and_ends_with_its_revocation(
    system: NodeSystem, checker: NodeSystem, holder: Somebody, library: str
) -> None:
    first = system.redeem(system.authorized(holder, scope=SCOPE))

    later = [system.refresh(first["refresh_token"]) for _ in range(3)]

    tokens = [one["access_token"] for one in (first, *later)]
    assert {one["refresh_token"] for one in later} == {first["refresh_token"]}
    assert len(set(tokens)) == 4
    assert [held(system, token) for token in tokens] == [200] * 4
    system.revoke(first["refresh_token"])
    assert [checker.introspect(token) for token in tokens] == [{"active": False}] * 4
    with pytest.raises(PeerError) as refused:
        system.refresh(first["refresh_token"])
    assert (refused.value.status, refused.value.error) == (400, "invalid_grant")


@each_library
def test_b18_a_callback_of_another_issuer_is_seen_through(
    system: NodeSystem, holder: Somebody, library: str
) -> None:
    callback = system.authorized(holder)
    another = callback.replace("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128")

    with pytest.raises(PeerError) as mixed_up:
        system.redeem(another)
    tokens = system.redeem(callback)

    assert another != callback
    assert (mixed_up.value.status, mixed_up.value.error) == (0, "")
    assert held(system, tokens["access_token"]) == 200


@each_library
def test_b18_a_refusal_of_the_holder_reaches_the_client(
    system: NodeSystem, holder: Somebody, library: str
) -> None:
    requester = system.server.system(REQUESTER)
    details = system.server.details(requester, holder, note="核对身份")
    _, callback = system.server.decided(holder, system.push(details), act="refuse")

    with pytest.raises(PeerError) as refused:
        system.redeem(callback)

    assert refused.value.error == "access_denied"


@each_library
def test_b24_a_demand_for_a_new_nonce_is_answered(
    system: NodeSystem, holder: Somebody, library: str
) -> None:
    system.peer.ask("stale", times=1)
    callback = system.authorized(holder)
    system.peer.ask("stale", times=1)
    tokens = system.redeem(callback)
    system.peer.ask("stale", times=1)

    assert held(system, tokens["access_token"]) == 200
    system.peer.ask("stale", times=2)
    with pytest.raises(PeerError) as refused:
        held(system, tokens["access_token"])
    assert (refused.value.status, refused.value.error) == (401, "use_dpop_nonce")


@each_library
def test_b21_of_six_parallel_redemptions_one_succeeds_and_its_token_ends(
    system: NodeSystem, checker: NodeSystem, holder: Somebody, library: str
) -> None:
    outcomes = system.redeem_at_once(system.authorized(holder), times=PARALLEL)

    tokens = [one["token"] for one in outcomes if "token" in one]
    assert [one["error"] for one in outcomes if "error" in one] == ["invalid_grant"] * (
        PARALLEL - 1
    )
    assert len(tokens) == 1
    assert checker.introspect(tokens[0]) == {"active": False}


@each_library
def test_b33_a_client_asks_about_its_grant_and_gives_it_back(
    system: NodeSystem, checker: NodeSystem, holder: Somebody, library: str
) -> None:
    tokens = system.redeem(system.authorized(holder))
    managing = system.peer.ask(
        "credentials", scope="grant_management_query grant_management_revoke"
    )["access_token"]
    path = f"/oauth/grants/{tokens['grant_id']}"

    asked = system.resource(managing, path)
    ended = system.resource(managing, path, method="DELETE")

    assert asked[0] == 200
    assert asked[1]["authorization_details"] == tokens["authorization_details"]
    assert ended == (204, None)
    assert checker.introspect(tokens["access_token"]) == {"active": False}
    assert system.resource(managing, f"/oauth/grants/{'0' * 32}")[0] == 404


@each_library
def test_b14_a_key_that_nobody_entered_is_refused(
    system: NodeSystem, server: Served, peer: Running, library: str
) -> None:
    stranger = connected(server, peer(library), system.client_id, entered=False)

    with pytest.raises(PeerError) as refused:
        stranger.peer.ask("credentials", scope="registry:read")

    assert (refused.value.status, refused.value.error) == (401, "invalid_client")
