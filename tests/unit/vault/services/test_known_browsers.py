"""The mark of a browser that has signed in: for its account, its time, its browser."""

from dataclasses import replace

import pytest

from tests.support.world import World
from vault.crypto.tokens import PEPPER
from vault.services.known_browsers import (
    MARK_SECONDS,
    MOST_MARKS,
    known_browser,
    marked_browser,
)

ME, YOU = b"m" * 32, b"y" * 32


def known(world: World, cookie: str, *, account: bytes = ME, later: int = 0) -> bool:
    found = known_browser(world.vault, cookie, account=account, now=world.now() + later)
    return found is not None


def marked(world: World, cookie: str = "", *, account: bytes = ME) -> str:
    return marked_browser(world.vault, cookie, account=account, now=world.now())


def test_a_browser_is_known_to_the_account_that_signed_in(world: World) -> None:
    cookie = marked(world)

    assert known(world, cookie)
    assert not known(world, cookie, account=YOU)


@pytest.mark.parametrize(("later", "still"), [(MARK_SECONDS - 1, True), (MARK_SECONDS, False)])
def test_a_mark_ends(world: World, *, later: int, still: bool) -> None:
    assert known(world, marked(world), later=later) is still


def test_a_browser_keeps_its_name_from_sign_in_to_sign_in(world: World) -> None:
    first = marked(world)
    world.clock.advance(seconds=3600)
    second = marked(world, first)

    names = {
        known_browser(world.vault, cookie, account=ME, now=world.now())
        for cookie in (first, second)
    }
    assert len(names) == 1
    assert first.count(".") == second.count(".") == 1


def test_two_browsers_are_counted_apart(world: World) -> None:
    names = {
        known_browser(world.vault, marked(world), account=ME, now=world.now()) for _ in range(2)
    }

    assert len(names) == 2


def test_a_household_keeps_the_marks_of_its_last_four_accounts(world: World) -> None:
    accounts = [bytes([number]) * 32 for number in range(MOST_MARKS + 2)]
    cookie = ""
    for account in accounts:
        cookie = marked(world, cookie, account=account)

    found = [known(world, cookie, account=account) for account in accounts]

    assert found == [False, False, *[True] * MOST_MARKS]
    assert len(cookie) < 512


def test_a_mark_of_another_browser_or_with_another_end_is_none(world: World) -> None:
    cookie, other = marked(world), marked(world)
    browser, _, mark = cookie.partition(".")
    ends_at, _, proof = mark.partition("~")

    assert not known(world, other.partition(".")[0] + "." + mark)
    assert not known(world, f"{browser}.{int(ends_at) + 1}~{proof}")


@pytest.mark.parametrize(
    "cookie",
    ["", "vsd_", "x.y", "{}.", "{}.~", "{}.1~é", "{}.１~AAAA", "{}.99999999999~AAAA"],  # noqa: RUF001 - a digit that is none
)
def test_anything_else_is_nobody(world: World, cookie: str) -> None:
    browser = marked(world).partition(".")[0]

    assert not known(world, cookie.format(browser))


def test_a_mark_outlives_a_change_of_the_pepper(world: World) -> None:
    cookie = marked(world)
    fresh = world.vault.keyring.service_key(world.vault.keyring.new_service_key(PEPPER, version=2))
    secrets = replace(world.vault.secrets, peppers=(fresh, *world.vault.secrets.peppers))

    found = known_browser(
        replace(world.vault, secrets=secrets), cookie, account=ME, now=world.now()
    )

    assert found is not None
