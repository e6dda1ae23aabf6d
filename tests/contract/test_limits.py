"""Limits over every kind of storage: of many at once, as many pass as may."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.world import World, open_world
from vault.errors import InvalidInputError, RateLimitedError
from vault.services.limits import Limit, count
from vault.services.sign_in import finish_sign_in, start_sign_in

TRIERS = 8
"""As many as the pool of the ports under test has connections."""

HOUR = 3600


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a vault of one kind, at the beginning of an hour."""
    with open_world(request.param, tmp_path) as opened:
        opened.deposit(contact="+8613000000000")
        opened.clock.advance(seconds=HOUR - opened.now() % HOUR)
        yield opened


def test_of_many_at_once_no_more_than_the_most_pass(world: World) -> None:
    limit = Limit.of("race", "too often", minute=7, hour=7)
    together = threading.Barrier(TRIERS)

    def tries(_number: int) -> int:
        together.wait(10)
        passed = 0
        for _ in range(8):
            with world.vault.work() as tx:
                tally = count(world.vault, tx, [(limit, b"key")], now=world.now())
            passed += tally.limited is None
        return passed

    with ThreadPoolExecutor(TRIERS) as threads:
        passed = sum(threads.map(tries, range(TRIERS)))

    assert passed == 7


def test_of_many_wrong_codes_at_once_from_everywhere_twenty_are_looked_at(world: World) -> None:
    attempts = [
        start_sign_in(world.vault, world.person(), source=f"198.51.100.{number}")
        for number in range(TRIERS)
    ]
    together = threading.Barrier(TRIERS)

    def tries(number: int) -> tuple[int, int]:
        together.wait(10)
        looked_at = refused = 0
        for step in range(5):
            try:
                finish_sign_in(
                    world.vault,
                    attempts[number],
                    code="000000",
                    source=f"203.0.113.{number * 5 + step}",
                )
            except InvalidInputError:
                looked_at += 1
            except RateLimitedError:
                refused += 1
        return looked_at, refused

    with ThreadPoolExecutor(TRIERS) as threads:
        outcomes = list(threads.map(tries, range(TRIERS)))

    assert (sum(one for one, _ in outcomes), sum(two for _, two in outcomes)) == (20, 20)
