"""Clients that were told of a sign-in hear of its end, whether or not they are up at the time."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from jwskate import SignedJwt

from api.courier import NOBODY, Courier, Render, calling
from api.egress import Call
from api.oauth.logout_token import logout_call
from tests.oauth.test_openid import redeemed, verified
from tests.support.jws import b64
from tests.support.oauth_world import NOW, ORIGIN, World, client
from tests.support.spoiling import spoilt
from tests.support.tls_server import TlsServer, says, tls_server
from vault.clients import ClientStatus
from vault.clients.metadata import ClientMetadata
from vault.clients.protocol import SignIn, authenticated
from vault.clients.signing_keys import SigningAlgorithm
from vault.clients.told import OutgoingCall
from vault.errors import StorageError
from vault.ports import Tx
from vault.services.calling import call_client
from vault.services.sign_out import LOGOUT, sign_out

EVENT = "http://schemas.openid.net/event/backchannel-logout"
HASH = b"\x44" * 32
PS256 = "PS256"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    """Serve where the client registered."""
    with tls_server(tmp_path) as found:
        yield found


def signed_in(world: World) -> SignIn:
    row = world.signin()
    auth = authenticated(row.space, acr="urn:myspace:acr:aal1", at=NOW - 10, signin_hash=HASH)
    found = SignIn(
        signin_hash=HASH,
        space=row.space,
        csrf_hash=bytes(32),
        auth=auth,
        idle_expires_at=row.idle_expires_at,
        expires_at=row.expires_at,
    )
    world.memory.add(found)
    return found


def signed_in_at(world: World, uri: str, *, alg: str = "ES256") -> tuple[SignIn, str]:
    """Let the client learn of a sign-in; return it with the ID token's ``sub``."""
    metadata = ClientMetadata(backchannel_logout_uri=uri, id_token_alg=alg)
    world.memory.add(client("licensing", metadata=metadata))
    signin = signed_in(world)
    code = world.code(scope="openid", auth=signin.auth)
    answer = world.redeem(code).json()
    return signin, str(SignedJwt(answer["id_token"]).claims["sub"])


def courier(world: World, server: TlsServer, **renders: Render) -> Courier:
    found = {LOGOUT: lambda told: logout_call(world.provider, told)} | renders
    return Courier(world.vault, server.egress(), found)


def token_in(request: bytes) -> str:
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    [token] = parse_qs(body.decode())["logout_token"]
    return token


def calls(world: World) -> list[OutgoingCall]:
    return list(world.memory.rows.calls.values())


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_b47_a_client_is_told_with_a_logout_token(
    world: World, server: TlsServer, alg: str
) -> None:
    for drawn in (SigningAlgorithm.PS256, SigningAlgorithm.ED25519):
        world.draw_keys(drawn)
    signin, sub = signed_in_at(world, server.url, alg=alg)
    world.clock.now += 60
    sign_out(world.vault, signin)

    assert courier(world, server).round() == 1

    jwt = verified(world, token_in(server.seen[0]))
    claims = dict(jwt.claims)
    assert (jwt.headers["typ"], jwt.headers["alg"]) == ("logout+jwt", alg)
    assert len(str(claims.pop("jti"))) == 22
    assert claims == {
        "iss": ORIGIN,
        "aud": "licensing",
        "iat": NOW + 60,
        "exp": NOW + 180,
        "events": {EVENT: {}},
        "sid": b64(signin.auth.sid),
        "sub": sub,
    }
    assert [one.outcome for one in calls(world)] == ["made"]
    assert courier(world, server).round() == 0


def test_b47_a_client_that_is_down_is_told_later_and_the_sign_in_has_ended(
    world: World, server: TlsServer
) -> None:
    signin, _ = signed_in_at(world, server.url)
    server.answer = says("503 Busy")

    sign_out(world.vault, signin)
    carrier = courier(world, server)
    carrier.round()
    ended = world.vault.read
    with ended() as tx:
        assert tx.protocol.signin(HASH, now=world.clock.now) is None
    early = carrier.round()
    world.clock.now += 5
    server.answer = says()
    carrier.round()

    assert early == 0
    first, second = (SignedJwt(token_in(one)) for one in server.seen)
    assert first.claims["jti"] != second.claims["jti"]
    assert second.claims["exp"] == NOW + 5 + 120
    [call] = calls(world)
    assert (call.outcome, call.attempts) == ("made", 2)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((200, "made"), (204, "made"), (301, "status-301"), (307, "status-307")),
        *((400, "status-400"), (401, "status-401"), (404, "status-404")),
        *((408, ""), (429, ""), (500, ""), (502, "")),
    ],
)
def test_b47_what_a_client_answers_decides_whether_it_is_asked_again(
    world: World, server: TlsServer, status: int, outcome: str
) -> None:
    signin, _ = signed_in_at(world, server.url)
    server.answer = says(f"{status} x", "Location: https://elsewhere.example.org/")
    sign_out(world.vault, signin)

    courier(world, server).round()

    assert [(one.outcome, one.done_at is not None) for one in calls(world)] == [
        (outcome, bool(outcome))
    ]
    assert len(server.seen) == 1


def test_an_address_inside_our_network_is_refused_for_good(
    world: World, server: TlsServer
) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    guard = server.egress(networks=())
    told = {LOGOUT: lambda told: logout_call(world.provider, told)}

    Courier(world.vault, guard, told).round()

    assert [one.outcome for one in calls(world)] == ["refused"]
    assert server.seen == []


def test_a_server_that_is_gone_is_tried_again(world: World, tmp_path: Path) -> None:
    with tls_server(tmp_path) as gone:
        signin, _ = signed_in_at(world, gone.url)
    sign_out(world.vault, signin)

    courier(world, gone).round()

    assert [(one.outcome, one.done_at) for one in calls(world)] == [("", None)]


@pytest.mark.parametrize("status", [ClientStatus.SUSPENDED, ClientStatus.CLOSED])
def test_a_client_that_is_not_served_is_not_called(
    world: World, server: TlsServer, status: ClientStatus
) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    metadata = ClientMetadata(backchannel_logout_uri=server.url)
    world.memory.add(client("licensing", status=status, metadata=metadata))

    courier(world, server).round()

    assert [one.outcome for one in calls(world)] == [NOBODY]
    assert server.seen == []


def test_a_client_that_took_its_address_back_is_not_called(
    world: World, server: TlsServer
) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    world.memory.add(client("licensing"))

    courier(world, server).round()

    assert [one.outcome for one in calls(world)] == [NOBODY]


def test_a_call_waits_for_its_key(world: World, server: TlsServer) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    metadata = ClientMetadata(backchannel_logout_uri=server.url, id_token_alg=PS256)
    world.memory.add(client("licensing", metadata=metadata))

    courier(world, server).round()

    assert [(one.outcome, one.done_at) for one in calls(world)] == [("", None)]


def test_a_kind_that_this_process_does_not_know_waits_for_one_that_does(
    world: World, server: TlsServer
) -> None:
    with world.memory.work() as tx:
        call_client(world.vault, tx, kind="ping", told={"url": server.url})
    courier(world, server).round()
    waiting = [one.done_at for one in calls(world)]
    world.clock.now += 60

    def ping(told: object) -> Call:
        assert told == {"url": server.url}
        return Call(url=server.url, body=b"{}", media_type="application/json", bearer="n")

    courier(world, server, ping=ping).round()

    assert waiting == [None]
    assert b"Authorization: Bearer n" in server.seen[0]


def test_a_call_that_was_altered_is_not_made(world: World, server: TlsServer) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    [call] = calls(world)
    spoiled = OutgoingCall(
        call_id=call.call_id,
        kind=call.kind,
        sealed=spoilt(call.sealed),
        created_at=call.created_at,
        next_at=call.next_at,
    )
    world.memory.rows.calls[call.call_id] = spoiled

    courier(world, server).round()

    assert [one.outcome for one in calls(world)] == ["altered"]


def test_calls_are_made_beside_the_requests(world: World, server: TlsServer) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)

    with calling(courier(world, server), every=0.01):
        for _ in range(500):
            if any(one.done_at for one in calls(world)):
                break
            time.sleep(0.01)

    assert [one.outcome for one in calls(world)] == ["made"]


def test_b48_a_client_that_was_not_told_hears_nothing(world: World, server: TlsServer) -> None:
    metadata = ClientMetadata(backchannel_logout_uri=server.url)
    world.memory.add(client("licensing", metadata=metadata))
    signin = signed_in(world)
    redeemed(world, scope="")

    sign_out(world.vault, signin)

    assert calls(world) == []


@pytest.mark.parametrize("error", [StorageError("the database is away"), RuntimeError("a bug")])
def test_a_round_that_fails_is_not_the_last_one(
    world: World, server: TlsServer, error: Exception
) -> None:
    signin, _ = signed_in_at(world, server.url)
    sign_out(world.vault, signin)
    failures = [error]
    plain = world.memory.read

    def read() -> AbstractContextManager[Tx]:
        if failures:
            raise failures.pop()
        return plain()

    world.vault.read = read
    with calling(courier(world, server), every=0.01):
        for _ in range(500):
            if any(one.done_at for one in calls(world)):
                break
            time.sleep(0.01)

    assert failures == []
    assert [one.outcome for one in calls(world)] == ["made"]
