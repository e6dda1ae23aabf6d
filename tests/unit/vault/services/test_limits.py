"""Limits: windows one after the other, counted before the act, alike in every process."""

import pytest

from tests.support.world import World
from vault.errors import RateLimitedError
from vault.services.limits import DAY, HOUR, MINUTE, Limit, Rung, Tally, count

NOW = 20_000 * DAY
TOLD = "too often"
LADDER = Limit.of("test", TOLD, minute=2, hour=3, day=5)


def counted(world: World, *limits: tuple[Limit, bytes], now: int = NOW) -> Tally:
    with world.vault.work() as tx:
        return count(world.vault, tx, limits, now=now)


def waits(world: World, *, now: int, limit: Limit = LADDER, key: bytes = b"") -> int:
    """Return for how long a try has to wait; 0 if it passes."""
    limited = counted(world, (limit, key), now=now).limited
    return 0 if limited is None else limited.retry_after_seconds


def test_whoever_goes_on_is_held_up_longer_and_longer(world: World) -> None:
    asked = [
        (NOW, 0), (NOW + 1, 0), (NOW + 2, MINUTE - 2),
        (NOW + MINUTE, 0), (NOW + MINUTE + 1, HOUR - MINUTE - 1),
        (NOW + HOUR, 0), (NOW + HOUR + 1, 0), (NOW + HOUR + MINUTE, DAY - HOUR - MINUTE),
        (NOW + DAY, 0),
    ]  # fmt: skip

    assert [waits(world, now=at) for at, _ in asked] == [wait for _, wait in asked]


def test_keys_and_names_are_counted_apart(world: World) -> None:
    once = Limit.of("once", TOLD, hour=1)

    waited = [
        waits(world, now=NOW, limit=limit, key=key)
        for limit, key in (
            (once, b"a"),
            (once, b"b"),
            (Limit.of("other", TOLD, hour=1), b"a"),
            (once, b"a"),
        )
    ]

    assert waited == [0, 0, 0, HOUR]


def test_what_a_narrow_limit_refuses_uses_nothing_up_of_a_wide_one(world: World) -> None:
    narrow, wide = Limit.of("narrow", TOLD, hour=1), Limit.of("wide", TOLD, hour=2)
    for _ in range(5):
        counted(world, (narrow, b"me"), (wide, b""))

    others = counted(world, (narrow, b"you"), (wide, b"")).limited

    assert others is None


def test_a_try_that_was_forgiven_is_counted_less(world: World) -> None:
    once_more = Limit.of("forgiving", TOLD, hour=2)
    for _ in range(9):
        tally = counted(world, (once_more, b""))
        assert tally.limited is None
        with world.vault.work() as tx:
            tally.forgive(tx)


def test_the_refusal_says_what_was_too_often(world: World) -> None:
    never_again = Limit.of("told", TOLD, day=1)
    counted(world, (never_again, b""))

    limited = counted(world, (never_again, b""), now=NOW + 1).limited

    assert isinstance(limited, RateLimitedError)
    assert (str(limited), limited.retry_after_seconds) == (TOLD, DAY - 1)


def test_counters_hold_no_key_in_clear(world: World) -> None:
    counted(world, (LADDER, b"110105190001020031"))

    assert world.ports.memory is not None
    kept = repr(world.ports.memory.rows.tries)
    assert "110105190001020031" not in kept
    assert all(len(key) == 32 for key, _ in world.ports.memory.rows.tries)


@pytest.mark.parametrize(("seconds", "most"), [(0, 1), (DAY + 1, 1), (MINUTE, 0)])
def test_a_rung_that_would_be_swept_or_lets_nobody_pass_is_a_mistake(
    seconds: int, most: int
) -> None:
    with pytest.raises(ValueError, match="a rung"):
        Rung(seconds=seconds, most=most)
