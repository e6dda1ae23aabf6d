"""A sign-in ends: its cookie, what clients were told of it, and nothing that was consented to."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET
from vault.clients.metadata import ClientMetadata
from vault.clients.protocol import SignIn, authenticated
from vault.clients.told import OutgoingCall, ToldClient
from vault.crypto.tokens import mint
from vault.ids import ClientId, HolderId, Space
from vault.services.calling import (
    GAVE_UP,
    LONGEST_SECONDS,
    call_client,
    call_done,
    pause_after,
    take_calls,
    told_of,
)
from vault.services.sign_in import SIGN_IN, live_sign_in
from vault.services.sign_out import LOGOUT, give_way, sign_out

SPACE = Space(0, HolderId(b"\x11" * 16))
OTHER = Space(0, HolderId(b"\x12" * 16))
URI = "https://client.example.org/logout"


def signed_in(world: World, person: Space = SPACE) -> tuple[str, SignIn]:
    cookie, now = mint(SIGN_IN, random=world.vault.random), world.now()
    signin_hash = world.vault.secrets.hash(cookie)
    row = SignIn(
        signin_hash=signin_hash,
        space=person,
        csrf_hash=bytes(32),
        auth=authenticated(person, acr="aal1", at=now, signin_hash=signin_hash),
        idle_expires_at=now + 600,
        expires_at=now + 600,
    )
    with world.vault.work() as tx:
        tx.protocol.add_signin(row)
    return cookie, row


def tell(world: World, signin: SignIn, client_id: ClientId) -> bool:
    told = ToldClient(
        sid=signin.auth.sid, client_id=client_id, sub=b"\x61" * 16, expires_at=world.now() + 9999
    )
    with world.vault.work() as tx:
        return tx.protocol.tell_client(told)


def with_address(world: World, uri: str = URI) -> ClientId:
    client = world.client(MARKET)
    changed = replace(
        client,
        metadata=ClientMetadata(backchannel_logout_uri=uri),
        version=client.version + 1,
    )
    with world.vault.work() as tx:
        tx.clients.replace(changed, expected=client.version)
    return client.client_id


def calls(world: World) -> list[OutgoingCall]:
    assert world.ports.memory is not None
    return list(world.ports.memory.rows.calls.values())


def test_the_cookie_opens_nothing_and_clients_are_told(world: World) -> None:
    client_id = with_address(world)
    cookie, signin = signed_in(world)
    tell(world, signin, client_id)

    sign_out(world.vault, signin)

    assert live_sign_in(world.vault, cookie) is None
    [call] = calls(world)
    assert call.kind == LOGOUT
    assert told_of(world.vault, call) == {
        "client": client_id,
        "sid": signin.auth.sid.hex(),
        "sub": "61" * 16,
    }
    assert b"client" not in call.sealed
    assert not tell(world, signin, client_id)


def test_a_client_without_an_address_and_one_that_is_gone_are_not_called(world: World) -> None:
    _, signin = signed_in(world)
    tell(world, signin, world.client_id(MARKET))
    tell(world, signin, ClientId("gone"))

    sign_out(world.vault, signin)

    assert calls(world) == []


def test_the_same_person_goes_on_and_clients_hear_of_the_last_end(world: World) -> None:
    client_id = with_address(world)
    cookie, before = signed_in(world)
    tell(world, before, client_id)
    _, after = signed_in(world)

    give_way(world.vault, before, to=after)
    quiet = calls(world)
    sign_out(world.vault, after)

    assert live_sign_in(world.vault, cookie) is None
    assert quiet == []
    [call] = calls(world)
    assert told_of(world.vault, call)["sid"] == before.auth.sid.hex()


def test_another_person_begins_anew(world: World) -> None:
    client_id = with_address(world)
    _, before = signed_in(world)
    tell(world, before, client_id)
    _, after = signed_in(world, OTHER)

    give_way(world.vault, before, to=after)

    assert [one.kind for one in calls(world)] == [LOGOUT]


# Calls, whatever they are for.


def test_a_call_rests_longer_after_each_try_and_is_given_up_after_a_day(world: World) -> None:
    with world.vault.work() as tx:
        call_client(world.vault, tx, kind="test", told={"n": 1})
    began, tried = world.now(), list[int]()

    while world.now() < began + 2 * LONGEST_SECONDS:
        tried += [world.now() - began for _ in take_calls(world.vault, limit=10)]
        world.clock.advance(seconds=1 if world.now() - began < 60 else 300)

    assert tried[:4] == [0, 5, 15, 35]
    assert tried[-1] < LONGEST_SECONDS
    assert max(b - a for a, b in pairwise(tried)) <= 3600 + 300
    [call] = calls(world)
    assert (call.outcome, call.attempts) == (GAVE_UP, len(tried))


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_after(n) for n in (0, 1, 2, 9, 10, 500)] == [5, 10, 20, 2560, 3600, 3600]


def test_a_call_that_was_made_is_not_taken_again(world: World) -> None:
    with world.vault.work() as tx:
        call_client(world.vault, tx, kind="test", told={})
    [call] = take_calls(world.vault, limit=10)

    call_done(world.vault, call, outcome="made")
    world.clock.advance(seconds=LONGEST_SECONDS)

    assert take_calls(world.vault, limit=10) == ()
    assert [one.outcome for one in calls(world)] == ["made"]


def test_a_call_is_written_with_its_cause_or_not_at_all(world: World) -> None:
    def failing() -> None:
        with world.vault.work() as tx:
            call_client(world.vault, tx, kind="test", told={})
            raise RuntimeError("the cause was undone")

    with pytest.raises(RuntimeError):
        failing()

    assert calls(world) == []
