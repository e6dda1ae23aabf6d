"""Signing in, counted tries, messages, and the sweep of all short-lived rows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    DAY,
    NOW,
    a_claim,
    a_code,
    a_message,
    a_pushed_request,
    a_refresh_token,
    a_signin,
    a_token,
    an_attempt,
    an_interaction,
    digest,
)

TRIERS = 8
"""As many as the pool of the ports under test has connections."""


def test_an_attempt_is_kept_whole_also_for_a_number_without_a_space(ports: Ports) -> None:
    known, unknown = an_attempt("known"), an_attempt("unknown", space=None)

    with ports.work() as tx:
        tx.protocol.add_attempt(known)
        tx.protocol.add_attempt(unknown)

    with ports.read() as tx:
        found = [tx.protocol.attempt(digest(text)) for text in ("known", "unknown", "none")]
    assert found == [known, unknown, None]


def test_tries_are_counted_up_to_the_last(ports: Ports) -> None:
    attempt = an_attempt()
    with ports.work() as tx:
        tx.protocol.add_attempt(attempt)

    with ports.work() as tx:
        tried = [tx.protocol.try_attempt(attempt.attempt_hash, most=3, now=NOW) for _ in range(4)]

    assert tried == [*(replace(attempt, tries=number) for number in (1, 2, 3)), None]
    with ports.read() as tx:
        assert tx.protocol.attempt(attempt.attempt_hash) == replace(attempt, tries=3)


def test_of_many_tries_at_once_no_more_than_the_most_pass(ports: Ports) -> None:
    attempt = an_attempt()
    with ports.work() as tx:
        tx.protocol.add_attempt(attempt)
    together = threading.Barrier(TRIERS)

    def one_try(_number: int) -> bool:
        together.wait()
        with ports.work() as tx:
            return tx.protocol.try_attempt(attempt.attempt_hash, most=5, now=NOW) is not None

    with ThreadPoolExecutor(TRIERS) as threads:
        passed = sum(threads.map(one_try, range(TRIERS)))

    assert passed == 5


@pytest.mark.parametrize("why", ["none", "spent", "expired"])
def test_what_is_not_live_is_not_tried(ports: Ports, why: str) -> None:
    attempt = an_attempt()
    with ports.work() as tx:
        tx.protocol.add_attempt(attempt)
        if why == "spent":
            tx.protocol.spend_attempt(attempt.attempt_hash, now=NOW)

    with ports.work() as tx:
        name = digest("none") if why == "none" else attempt.attempt_hash
        now = attempt.expires_at if why == "expired" else NOW
        tried = tx.protocol.try_attempt(name, most=5, now=now)

    assert tried is None


def test_an_attempt_is_spent_once(ports: Ports) -> None:
    attempt = an_attempt()
    with ports.work() as tx:
        tx.protocol.add_attempt(attempt)

    with ports.work() as tx:
        spent = [tx.protocol.spend_attempt(attempt.attempt_hash, now=NOW + n) for n in (1, 2)]
        spent.append(tx.protocol.spend_attempt(digest("none"), now=NOW))

    assert spent == [True, False, False]
    with ports.read() as tx:
        assert tx.protocol.attempt(attempt.attempt_hash) == replace(attempt, spent_at=NOW + 1)


@pytest.mark.parametrize(("now", "spent"), [(NOW + 299, True), (NOW + 300, False)])
def test_an_attempt_is_spent_before_it_expires(ports: Ports, *, now: int, spent: bool) -> None:
    with ports.work() as tx:
        tx.protocol.add_attempt(an_attempt())

    with ports.work() as tx:
        found = tx.protocol.spend_attempt(digest("attempt"), now=now)

    assert found is spent


def test_tries_are_counted_by_key_and_window(ports: Ports) -> None:
    with ports.work() as tx:
        counted = [
            tx.protocol.count_try(digest(key), window_start=window)
            for key, window in (("a", 0), ("a", 0), ("b", 0), ("a", 60), ("a", 0))
        ]

    assert counted == [1, 2, 1, 1, 3]


def test_a_try_that_was_no_guess_is_taken_back_but_for_the_last(ports: Ports) -> None:
    with ports.work() as tx:
        for _ in range(3):
            tx.protocol.count_try(digest("a"), window_start=60)
        tx.protocol.count_try(digest("b"), window_start=60)

    left = []
    for _ in range(3):
        with ports.work() as tx:
            tx.protocol.forgive_try(digest("a"), window_start=60)
            tx.protocol.forgive_try(digest("a"), window_start=0)
            left.append(tx.protocol.tries(digest("a"), window_start=60))

    assert left == [2, 1, 1]
    with ports.read() as tx:
        others = [
            tx.protocol.tries(digest(key), window_start=window)
            for key, window in (("b", 60), ("a", 0), ("none", 60))
        ]
    assert others == [1, 0, 0]


def test_a_sign_in_is_kept_whole(ports: Ports) -> None:
    signin = a_signin()

    with ports.work() as tx:
        tx.protocol.add_signin(signin)

    with ports.read() as tx:
        assert tx.protocol.signin(signin.signin_hash, now=NOW) == signin
        assert tx.protocol.signin(digest("none"), now=NOW) is None


@pytest.mark.parametrize(
    ("changes", "now", "is_live"),
    [
        ({}, NOW + 599, True),
        ({}, NOW + 600, False),
        ({"idle_expires_at": NOW + 9000}, NOW + 3599, True),
        ({"idle_expires_at": NOW + 9000}, NOW + 3600, False),
        ({"ended_at": NOW - 1}, NOW, False),
    ],
    ids=["not idle yet", "idled out", "within its hour", "after its hour", "ended"],
)
def test_a_sign_in_ends_idles_out_and_expires(
    ports: Ports, changes: dict[str, Any], *, now: int, is_live: bool
) -> None:
    signin = a_signin(**changes)
    with ports.work() as tx:
        tx.protocol.add_signin(signin)

    with ports.read() as tx:
        found = tx.protocol.signin(signin.signin_hash, now=now)

    assert found == (signin if is_live else None)


def test_a_sign_in_that_is_used_idles_out_later(ports: Ports) -> None:
    signin = a_signin()
    with ports.work() as tx:
        tx.protocol.add_signin(signin)

    with ports.work() as tx:
        tx.protocol.touch_signin(signin.signin_hash, idle_expires_at=NOW + 1200)
        tx.protocol.touch_signin(digest("none"), idle_expires_at=NOW + 1200)

    with ports.read() as tx:
        found = tx.protocol.signin(signin.signin_hash, now=NOW + 600)
    assert found == replace(signin, idle_expires_at=NOW + 1200)


def test_a_sign_in_that_ended_stays_ended(ports: Ports) -> None:
    signin = a_signin()
    with ports.work() as tx:
        tx.protocol.add_signin(signin)

    with ports.work() as tx:
        for now in (NOW, NOW + 1):
            tx.protocol.end_signin(signin.signin_hash, now=now)
        tx.protocol.end_signin(digest("none"), now=NOW)

    with ports.read() as tx:
        assert tx.protocol.signin(signin.signin_hash, now=NOW) is None


def test_messages_wait_in_order_until_they_are_taken(ports: Ports) -> None:
    late, early, taken = (
        a_message("late", created_at=NOW + 2),
        a_message("early", created_at=NOW + 1),
        a_message("taken"),
    )
    with ports.work() as tx:
        for message in (late, early, taken):
            tx.protocol.enqueue(message)

    with ports.work() as tx:
        tx.protocol.message_done(taken.message_id, now=NOW)
        tx.protocol.message_done(b"\x00" * 16, now=NOW)

    with ports.read() as tx:
        assert tx.protocol.messages(limit=9) == (early, late)
        assert tx.protocol.messages(limit=1) == (early,)


def fill(ports: Ports) -> None:
    """Write one row of each kind, all of which end at NOW, the proof a day later."""
    with ports.work() as tx:
        rows = tx.protocol
        rows.push(a_pushed_request(expires_at=NOW))
        rows.open_interaction(an_interaction(expires_at=NOW))
        rows.add_code(a_code(expires_at=NOW))
        rows.add_token(a_token(expires_at=NOW))
        rows.add_refresh_token(a_refresh_token(idle_expires_at=NOW))
        rows.claim([a_claim(expires_at=NOW + DAY)])
        rows.add_attempt(an_attempt(expires_at=NOW))
        rows.add_signin(a_signin(expires_at=NOW))
        rows.count_try(digest("key"), window_start=NOW - DAY)
        rows.enqueue(a_message())
        rows.message_done(a_message().message_id, now=NOW + DAY)


@pytest.mark.parametrize(("now", "gone"), [(NOW + DAY - 1, 0), (NOW + DAY, 10)])
def test_what_ended_a_day_ago_is_swept(ports: Ports, now: int, gone: int) -> None:
    fill(ports)

    with ports.work() as tx:
        swept = tx.protocol.sweep(now=now, limit=9)
        again = tx.protocol.sweep(now=now, limit=9)

    assert (swept, again) == (gone, 0)


def test_a_sweep_leaves_what_still_counts(ports: Ports) -> None:
    waiting = a_message("waiting")
    with ports.work() as tx:
        tx.protocol.enqueue(waiting)
        tx.protocol.add_token(a_token(expires_at=NOW + DAY))
        tx.protocol.add_refresh_token(a_refresh_token())
        tx.protocol.claim([a_claim(expires_at=NOW + 2 * DAY)])

    with ports.work() as tx:
        swept = tx.protocol.sweep(now=NOW + DAY, limit=9)

    assert swept == 0
    with ports.work() as tx:
        assert tx.protocol.messages(limit=9) == (waiting,)
        assert tx.protocol.token(digest("token")) is not None
        assert tx.protocol.refresh_token(digest("refresh")) is not None
        assert tx.protocol.claim([a_claim()]) == (False,)


def test_a_sweep_takes_the_oldest_first_and_no_more_than_it_may(ports: Ports) -> None:
    with ports.work() as tx:
        for age in (3, 1, 2):
            tx.protocol.add_code(a_code(f"code {age}", expires_at=NOW - age))

    with ports.work() as tx:
        swept = tx.protocol.sweep(now=NOW + DAY, limit=2)

    assert swept == 2
    with ports.read() as tx:
        left = [tx.protocol.code(digest(f"code {age}")) for age in (1, 2, 3)]
    assert left == [a_code("code 1", expires_at=NOW - 1), None, None]
