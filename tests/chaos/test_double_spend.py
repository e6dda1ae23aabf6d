"""What may be used once is used once by 64 requests at the same moment, round after round.

Here a sample; by hand the number of the issue::

    DOUBLE_SPEND_ROUNDS=200 .venv/bin/pytest -s tests/chaos/test_double_spend.py
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from scripts.local.process import HOST, free_port
from tests.support.crowd import Crowd
from tests.support.double_spend import AT_ONCE, SPENDINGS, tally
from tests.support.founding import put_on
from tests.support.postgres import server_for_tests
from tests.support.served import served

ROUNDS = int(os.environ.get("DOUBLE_SPEND_ROUNDS", "3"))
PLENTY = {"LIMITS__CLIENT_PROTOCOL_A_MINUTE": "10000000"}
"""Limits are tested elsewhere; here they would only slow the crowd down."""

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crowd]:
    """Return a crowd before one server on SQLite, and before two processes on PostgreSQL."""
    folder = tmp_path_factory.mktemp("crowd")
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield Crowd.of(stack.enter_context(served(folder, more=PLENTY)))
            return
        durable = stack.enter_context(server_for_tests(settings={"fsync": True}))
        put_on(folder, address=durable.address(), password_file=durable.password_file)
        ports = free_port(), free_port()
        more = PLENTY | {"ISSUER": f"http://{HOST}:{ports[0]}", "DEMO": "true"}
        first, _ = (stack.enter_context(served(folder, port=port, more=more)) for port in ports)
        yield Crowd.of(first, f"http://{HOST}:{ports[1]}")


@pytest.mark.parametrize("name", SPENDINGS)
def test_of_64_at_once_one_spends_it_and_nobody_meets_an_error_of_the_server(
    crowd: Crowd, name: str
) -> None:
    found = tally(crowd, name, rounds=ROUNDS)

    sys.stdout.write(f"{name}, {len(crowd.origins)} server(s): {found}\n")
    assert found.winners == {1: ROUNDS}
    assert set(found.told) <= {SPENDINGS[name].won, *SPENDINGS[name].lost}
    assert found.told.total() == ROUNDS * AT_ONCE


def test_both_servers_have_a_part_in_it(crowd: Crowd) -> None:
    statuses = {
        origin: crowd.fire([SPENDINGS["assertion-jti"].shots(crowd)[0]])[0].status
        for origin in crowd.origins
    }

    assert statuses == dict.fromkeys(crowd.origins, 200)


def test_the_runner_sees_what_is_spent_twice(crowd: Crowd) -> None:
    """Requests that each spend their own all succeed; a runner that saw one would be blind."""
    shots = [SPENDINGS["proof-jti"].shots(crowd)[0] for _ in range(4)]

    assert [str(one) for one in crowd.fire(shots)] == ["200"] * 4
