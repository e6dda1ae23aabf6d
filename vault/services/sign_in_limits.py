"""Which limits a code that is asked for, and a code that is tried, are counted under.

An account is the keyed index of a number, whether or not it has a space: all of this is alike
for numbers that nobody has, and for every way in which one number can be written. A browser that
has signed in to the account before is counted by itself (``known_browsers``); what strangers use
up does not concern it. All others share what the account has, and their source's share of it.
"""

from functools import lru_cache
from typing import Final

from vault.identifiers import Identifier
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import network_prefix, plain_address
from vault.services.limits import DAY, Limit

CODES: Final = "too many codes were asked for"
TRIES: Final = "too many codes were tried"

Counted = tuple[tuple[Limit, bytes], ...]
"""Limits with their keys, from the narrowest to the widest."""

ASKED_BY_BROWSER: Final = Limit.of("codes.browser", CODES, minute=5, hour=10, day=20)
ASKED_BY_SOURCE: Final = Limit.of("codes.source", CODES, minute=30, hour=120, day=600)
ASKED_OF_ACCOUNT_BY_SOURCE: Final = Limit.of("codes.both", CODES, minute=5, hour=8, day=16)
ASKED_OF_ACCOUNT: Final = Limit.of("codes.account", CODES, hour=10, day=20)
"""Messages that strangers can make a holder's phone ring with."""

TRIED_BY_BROWSER: Final = Limit.of("tries.browser", TRIES, minute=5, hour=10, day=20)
TRIED_BY_SOURCE: Final = Limit.of("tries.source", TRIES, minute=15, hour=60, day=240)
"""Across accounts; for an address that many share, such as a mobile network's."""
TRIED_AT_ACCOUNT_BY_SOURCE: Final = Limit.of("tries.both", TRIES, minute=5, hour=10, day=20)
TRIED_AT_ACCOUNT: Final = Limit.of("tries.account", TRIES, hour=20, day=40)
TRIED: Final = "tries.all"
"""The brake on all wrong codes of browsers that nobody knows; its rung is a setting."""


def account_of(vault: Vault, number: Identifier) -> bytes:
    """Return the account of a number, 32 bytes: an organisation has one, not one a number."""
    return vault.numbers.of(number)[-1].index


def asking(vault: Vault, *, account: bytes, source: str, browser: bytes | None) -> Counted:
    """Return the limits for asking for a code."""
    if browser is not None:
        return ((ASKED_BY_BROWSER.times(vault.people_factor), account + browser),)
    place = source_of(source).encode()
    return (
        (ASKED_OF_ACCOUNT_BY_SOURCE.times(vault.people_factor), account + place),
        (ASKED_BY_SOURCE.times(vault.people_factor), place),
        (ASKED_OF_ACCOUNT.times(vault.people_factor), account),
    )


def trying(vault: Vault, *, account: bytes, source: str, browser: bytes | None) -> Counted:
    """Return the limits for trying a code."""
    if browser is not None:
        return ((TRIED_BY_BROWSER, account + browser),)
    place = source_of(source).encode()
    return (
        (TRIED_AT_ACCOUNT_BY_SOURCE, account + place),
        (TRIED_BY_SOURCE, place),
        (TRIED_AT_ACCOUNT, account),
        (Limit.of(TRIED, TRIES, hour=vault.wrong_codes_an_hour), b""),
    )


def count_wrong(vault: Vault, tx: Tx, *, account: bytes, now: int) -> int:
    """Count a wrong code, whoever tried it; return how many there were today."""
    return tx.protocol.count_try(_wrong(vault, account), window_start=now // DAY * DAY)


def wrong_codes(vault: Vault, tx: Tx, *, account: bytes, now: int) -> int:
    """Return how many wrong codes were tried yesterday and today (days of UTC)."""
    today, counter = now // DAY * DAY, _wrong(vault, account)
    return sum(tx.protocol.tries(counter, window_start=day) for day in (today - DAY, today))


def _wrong(vault: Vault, account: bytes) -> bytes:
    return vault.secrets.keyed(b"wrong codes\x00" + account)


@lru_cache(maxsize=1024)
def source_of(address: str) -> str:
    """Return what counts as one source: an IPv6 site has 2^80 addresses to come from."""
    plain = plain_address(address)
    return (network_prefix(plain) or plain) if ":" in plain else plain
