"""Buckets in memory: as much as a minute may take, filled up steadily, one for each key."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.limits import MOST_KEYS, Buckets, refuse
from vault.errors import RateLimitedError

NOW = 1_795_000_000_000
SECOND = 1000


def test_a_minutes_worth_may_be_taken_at_once_and_no_more() -> None:
    buckets = Buckets(a_minute=60)

    waits = [buckets.take("me", now_ms=NOW) for _ in range(62)]

    assert waits == [0] * 60 + [1, 1]


def test_a_bucket_fills_up_steadily_and_not_over_the_rim() -> None:
    buckets = Buckets(a_minute=60)
    for _ in range(60):
        buckets.take("me", now_ms=NOW)

    later = [buckets.take("me", now_ms=NOW + 2 * SECOND) for _ in range(3)]
    much_later = [buckets.take("me", now_ms=NOW + 9_000 * SECOND) for _ in range(61)]

    assert later == [0, 0, 1]
    assert much_later == [0] * 60 + [1]


def test_the_wait_is_as_long_as_it_takes() -> None:
    buckets = Buckets(a_minute=6)
    for _ in range(6):
        buckets.take("me", now_ms=NOW)

    wait = buckets.wait("me", now_ms=NOW)

    assert wait == 10
    assert buckets.take("me", now_ms=NOW + wait * SECOND) == 0


def test_keys_do_not_share_a_bucket() -> None:
    buckets = Buckets(a_minute=1)

    assert [buckets.take(key, now_ms=NOW) for key in ("me", "you", "me")] == [0, 0, 60]


def test_to_look_takes_nothing() -> None:
    buckets = Buckets(a_minute=1)

    assert [buckets.wait("me", now_ms=NOW) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("me", now_ms=NOW) == 0
    assert buckets.wait("me", now_ms=NOW) == 60


def test_a_clock_that_goes_back_fills_nothing_up() -> None:
    buckets = Buckets(a_minute=1)
    buckets.take("me", now_ms=NOW)

    assert buckets.take("me", now_ms=NOW - 600 * SECOND) == 60
    assert buckets.take("me", now_ms=NOW + 30 * SECOND) == 30


def test_of_many_at_once_no_more_than_the_most_pass() -> None:
    buckets, together = Buckets(a_minute=100), threading.Barrier(8)

    def take(_number: int) -> int:
        together.wait(10)
        return sum(buckets.take("me", now_ms=NOW) == 0 for _ in range(1000))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(8))) == 100


def test_so_many_keys_are_remembered_and_the_quiet_ones_make_room() -> None:
    buckets = Buckets(a_minute=1)
    buckets.take("quiet", now_ms=NOW)
    buckets.take("busy", now_ms=NOW)
    for number in range(MOST_KEYS - 1):
        buckets.take("busy", now_ms=NOW)
        buckets.take(str(number), now_ms=NOW)

    assert buckets.take("quiet", now_ms=NOW) == 0
    assert buckets.take("busy", now_ms=NOW) == 60


def test_who_has_to_wait_is_told_for_how_long() -> None:
    refuse(0)

    with pytest.raises(RateLimitedError) as limited:
        refuse(7)

    assert limited.value.retry_after_seconds == 7
