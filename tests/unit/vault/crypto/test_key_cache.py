import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from vault.crypto.contexts import Purpose
from vault.crypto.key_cache import KeyCache
from vault.crypto.keys import HolderDataKey, HolderJournalKey, WrappedKey, WrapState
from vault.crypto.suites import Suite

AES = Suite.AES_256_GCM
ROW = WrappedKey(
    purpose=Purpose.HOLDER_DATA_KEY,
    owner_id=b"\xb2" * 16,
    name="",
    version=1,
    parent_version=1,
    suite=AES,
    wrap=b"wrap",
    state=WrapState.LIVE,
)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Unwrapping:
    """Counts how often a key was really unwrapped."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> HolderDataKey:
        self.times += 1
        return HolderDataKey(bytes(32), suite=AES)


def test_a_key_is_unwrapped_once_within_its_lifetime() -> None:
    clock, unwrap = Hand(), Unwrapping()
    cache = KeyCache(monotonic=clock)

    first = cache.get(ROW, kind=HolderDataKey, unwrap=unwrap)
    clock.now += 59.9
    second = cache.get(ROW, kind=HolderDataKey, unwrap=unwrap)

    assert second is first
    assert unwrap.times == 1


def test_the_lifetime_counts_from_unwrapping_and_not_from_use() -> None:
    clock, unwrap = Hand(), Unwrapping()
    cache = KeyCache(monotonic=clock)

    for _ in range(3):
        cache.get(ROW, kind=HolderDataKey, unwrap=unwrap)
        clock.now += 30

    assert unwrap.times == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(ROW, owner_id=b"\xb3" * 16),
        replace(ROW, purpose=Purpose.HOLDER_JOURNAL_KEY),
        replace(ROW, name="pepper"),
        replace(ROW, version=2),
        replace(ROW, parent_version=2),
        replace(ROW, wrap=b"warp"),
    ],
)
def test_any_other_row_is_another_key(other: WrappedKey) -> None:
    unwrap = Unwrapping()
    cache = KeyCache(monotonic=Hand())

    first = cache.get(ROW, kind=HolderDataKey, unwrap=unwrap)
    second = cache.get(other, kind=HolderDataKey, unwrap=unwrap)

    assert first is not second


def test_a_key_is_never_handed_out_as_one_of_another_kind() -> None:
    cache = KeyCache(monotonic=Hand())
    cache.get(ROW, kind=HolderDataKey, unwrap=Unwrapping())

    found = cache.get(
        ROW, kind=HolderJournalKey, unwrap=lambda: HolderJournalKey(bytes(32), suite=AES)
    )

    assert isinstance(found, HolderJournalKey)


def test_the_oldest_key_makes_room() -> None:
    unwrap = Unwrapping()
    cache = KeyCache(monotonic=Hand(), capacity=2)

    for version in (1, 2, 3, 3, 2, 1):
        cache.get(replace(ROW, version=version), kind=HolderDataKey, unwrap=unwrap)

    assert (unwrap.times, len(cache)) == (4, 2)


def test_a_cache_of_nothing_keeps_nothing() -> None:
    unwrap = Unwrapping()
    cache = KeyCache(monotonic=Hand(), capacity=0)

    for _ in range(2):
        cache.get(ROW, kind=HolderDataKey, unwrap=unwrap)

    assert (unwrap.times, len(cache)) == (2, 0)


def test_at_most_a_thousand_keys_are_kept() -> None:
    cache = KeyCache(monotonic=Hand())

    for version in range(1001):
        cache.get(replace(ROW, version=version), kind=HolderDataKey, unwrap=Unwrapping())

    assert len(cache) == 1000


def test_forgetting_drops_every_key_of_one_owner_only() -> None:
    unwrap, other = Unwrapping(), replace(ROW, owner_id=b"\xb3" * 16)
    cache = KeyCache(monotonic=Hand())
    for row in (ROW, replace(ROW, version=2), other):
        cache.get(row, kind=HolderDataKey, unwrap=unwrap)

    cache.forget(ROW.owner_id)

    assert len(cache) == 1
    cache.get(other, kind=HolderDataKey, unwrap=unwrap)
    assert unwrap.times == 3


def test_sweeping_drops_what_is_too_old() -> None:
    clock = Hand()
    cache = KeyCache(monotonic=clock)
    cache.get(ROW, kind=HolderDataKey, unwrap=Unwrapping())
    clock.now += 30
    cache.get(replace(ROW, version=2), kind=HolderDataKey, unwrap=Unwrapping())
    clock.now += 30

    cache.sweep()

    assert len(cache) == 1


def test_many_threads_may_ask_and_forget_at_once() -> None:
    cache = KeyCache(monotonic=Hand(), capacity=5)
    failures: list[BaseException] = []

    def work(step: Callable[[int], object]) -> None:
        try:
            for turn in range(300):
                step(turn)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    def ask(turn: int) -> object:
        row = replace(ROW, version=turn % 9)
        return cache.get(row, kind=HolderDataKey, unwrap=Unwrapping())

    steps: list[Callable[[int], object]] = [ask, ask, lambda _: cache.forget(ROW.owner_id)]
    threads = [threading.Thread(target=work, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
