"""How often a client may ask: counted once it is proven, so that nobody uses it up for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.limits import ClientLimits
from tests.support.oauth_world import World

MOST = 3
OFTEN = {
    "error": "temporarily_unavailable",
    "error_description": "too many requests; try again later",
}


@pytest.fixture
def world() -> Iterator[World]:
    """Return a server that takes three requests of each kind a minute."""
    limits = ClientLimits.of(reads=MOST, changes=MOST, protocol=MOST, strangers=MOST)
    found = World(limits=limits)
    with found.http:
        yield found


def token_of(world: World) -> str:
    return str(world.registry_token(client="other").json()["access_token"])


def push(world: World) -> Any:  # noqa: ANN401 - an answer
    return world.push()


def redeem(world: World) -> Any:  # noqa: ANN401 - an answer
    return world.redeem(world.code())


def look(world: World) -> Any:  # noqa: ANN401 - an answer
    return world.post("/oauth/introspect", {"token": "x"}, client="checker", proof=None)


@pytest.mark.parametrize("ask", [push, redeem, look])
def test_a_client_that_asks_too_often_is_told_when_to_come_back(world: World, ask: Any) -> None:  # noqa: ANN401 - one of the above
    answers = [ask(world) for _ in range(MOST + 1)]

    assert [one.status_code < 300 for one in answers] == [True] * MOST + [False]
    assert (answers[-1].status_code, answers[-1].json()) == (429, OFTEN)
    assert answers[-1].headers["retry-after"] == "20"
    world.clock.now += 20
    assert ask(world).status_code < 300


def test_one_client_does_not_use_up_anothers(world: World) -> None:
    for _ in range(MOST + 1):
        world.push()

    assert world.registry_token(client="other").status_code == 200


def test_an_assertion_that_was_refused_for_haste_is_not_spent(world: World) -> None:
    for _ in range(MOST):
        world.push()
    assertion = world.assertion(exp=world.clock.now + 300)

    hasty = world.post("/oauth/par", world.request(), assertion=assertion)
    world.clock.now += 20
    later = world.post("/oauth/par", world.request(), assertion=assertion)

    assert (hasty.status_code, later.status_code) == (429, 201)


def test_what_others_send_in_a_clients_name_uses_nothing_of_it_up(world: World) -> None:
    seen = world.assertion()
    world.post("/oauth/par", world.request(), assertion=seen)
    forged = [
        world.post("/oauth/par", world.request(), assertion=world.assertion(iss="other"))
        for _ in range(2 * MOST)
    ]
    shown_again = [
        world.post("/oauth/par", world.request(), assertion=seen) for _ in range(2 * MOST)
    ]

    own = [world.push().status_code for _ in range(MOST)]

    assert [one.status_code for one in forged] == [401] * MOST + [429] * MOST
    assert {one.status_code for one in shown_again} == {401}
    assert own == [201, 201, 429]  # The first of three was the one that was seen.


def test_strangers_are_told_to_come_back_later_in_the_form_of_the_door(world: World) -> None:
    for _ in range(MOST):
        world.http.post("/oauth/token", data={"grant_type": "client_credentials"})

    answer = world.http.post("/oauth/token", data={"grant_type": "client_credentials"})

    assert (answer.status_code, answer.json()) == (429, OFTEN)
    assert answer.headers["retry-after"] == "20"


def test_a_token_may_be_revoked_however_often_its_client_asked(world: World) -> None:
    token = world.redeem(world.code()).json()["access_token"]
    for _ in range(MOST):
        world.push()

    answer = world.post("/oauth/revoke", {"token": token}, proof=None)

    assert answer.status_code == 200
    assert world.introspect(token) == {"active": False}


def test_a_resource_answers_a_hasty_client_with_a_problem(world: World) -> None:
    token = token_of(world)

    answers = [world.use(token) for _ in range(MOST + 1)]

    assert [one.status_code for one in answers] == [200] * MOST + [429]
    assert answers[-1].json()["type"] == "urn:myspace:problem:rate-limited"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].headers["retry-after"] == "20"


def test_a_token_in_the_wrong_hands_uses_nothing_of_its_client_up(world: World) -> None:
    token = token_of(world)

    strangers = [world.use(token, proof=None).status_code for _ in range(MOST + 2)]

    assert strangers == [401] * MOST + [429, 429]
    assert [world.use(token).status_code for _ in range(MOST)] == [200] * MOST


def test_whoever_needs_a_nonce_is_always_told_it(world: World) -> None:
    token = token_of(world)
    for _ in range(MOST + 2):
        world.use(token, proof=None)

    stale = world.proof("/v1/probe", method="GET", token=token, nonce="old")
    answer = world.use(token, proof=stale)

    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
