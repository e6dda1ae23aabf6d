"""The ping (CIBA Core 1.0 s. 10.2): a counter hears once that an answer waits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.courier import NOBODY, Courier
from api.oauth.ping import ping_call
from api.window_desk import Outcome
from tests.support.tls_server import TlsServer, says, tls_server
from tests.support.window_world import WindowWorld, counter
from vault.clients import ClientStatus
from vault.clients.metadata import ClientMetadata
from vault.services.deciding import PING

TOKEN = "t0k3n-of.the~counter_123=="  # noqa: S105 - the counter's own, for this test


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    """Serve where the counter registered."""
    with tls_server(tmp_path) as found:
        yield found


@pytest.fixture
def world(server: TlsServer) -> Iterator[WindowWorld]:
    found = WindowWorld()
    found.memory.add(called_at(server.url))
    with found.http:
        yield found


def called_at(uri: str, **changes: Any) -> Any:  # noqa: ANN401 - a client
    return counter(metadata=ClientMetadata(location="x", ciba_notification_uri=uri), **changes)


def courier(world: WindowWorld, server: TlsServer) -> Courier:
    return Courier(
        world.vault, server.egress(), {PING: lambda told: ping_call(world.provider, told)}
    )


def asked(world: WindowWorld) -> str:
    answer = world.ask(client_notification_token=TOKEN)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["auth_req_id"])


def outcomes(world: WindowWorld) -> list[str]:
    return [one.outcome for one in world.memory.rows.calls.values()]


@pytest.mark.parametrize(
    ("how", "outcome", "status"),
    [
        ({}, Outcome.GIVEN, 200),
        ({"choice": None}, Outcome.DECLINED, 400),
        ({"reported": True}, Outcome.REPORTED, 400),
    ],
)
def test_b49_a_counter_is_told_once_that_it_may_ask_whatever_the_answer(
    world: WindowWorld, server: TlsServer, how: dict[str, Any], outcome: Outcome, status: int
) -> None:
    code = asked(world)
    before = courier(world, server).round()

    assert world.say(**how) is outcome
    carrier = courier(world, server)
    rounds = [carrier.round(), carrier.round()]

    assert (before, rounds) == (0, [1, 0])
    [request] = server.seen
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Authorization: Bearer {TOKEN}".encode() in head
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"auth_req_id": code}
    assert outcomes(world) == ["made"]
    assert world.fetch(code).status_code == status


@pytest.mark.parametrize(
    ("status", "outcome", "tries"),
    [
        ("301 Moved Permanently", "status-301", 1),
        ("401 Unauthorized", "status-401", 1),
        ("503 Busy", "", 2),
    ],
)
def test_b49_a_ping_follows_no_redirect_and_takes_a_401_as_final(
    world: WindowWorld, server: TlsServer, status: str, outcome: str, tries: int
) -> None:
    server.answer = says(status, "Location: https://elsewhere.example.org/")
    asked(world)
    world.say()
    carrier = courier(world, server)

    carrier.round()
    world.clock.now += 60
    carrier.round()

    assert outcomes(world) == [outcome]
    assert len(server.seen) == tries


def test_b49_neither_token_nor_id_is_kept_in_plain(world: WindowWorld) -> None:
    code = asked(world)
    world.say()

    [row] = world.memory.rows.asynchronous.values()
    [call] = world.memory.rows.calls.values()
    kept = (row.notify or b"") + row.params + call.sealed + repr((row, call)).encode()
    assert row.notify is not None
    for secret in (TOKEN, code):
        assert secret.encode() not in kept


@pytest.mark.parametrize("token", [None, "short", "x" * 1025, "with space" * 4, "国" * 30])
def test_b49_a_counter_that_is_called_back_says_with_which_token(
    world: WindowWorld, token: str | None
) -> None:
    answer = world.ask(client_notification_token=token)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_b49_a_counter_that_polls_is_not_called(world: WindowWorld, server: TlsServer) -> None:
    world.memory.add(counter())
    asked(world)
    world.say()

    assert courier(world, server).round() == 0
    assert outcomes(world) == []


@pytest.mark.parametrize("how", ["expired", "suspended", "polls", "gone", "swept"])
def test_b49_nobody_is_called_where_nobody_waits_any_more(
    world: WindowWorld, server: TlsServer, how: str
) -> None:
    asked(world)
    world.say()
    if how == "expired":
        world.clock.now += 600
    elif how == "suspended":
        world.memory.add(called_at(server.url, status=ClientStatus.SUSPENDED))
    elif how == "polls":
        world.memory.add(counter())
    elif how == "gone":
        world.memory.rows.clients.pop(counter().client_id)
    else:
        [row] = world.memory.rows.asynchronous.values()
        world.memory.rows.asynchronous[row.request_id] = replace(row, notify=None)

    courier(world, server).round()

    assert (outcomes(world), server.seen) == ([NOBODY], [])
