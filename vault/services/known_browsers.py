"""Browsers in which a holder has signed in before: their tries are counted apart.

Whoever uses up the tries of somebody else's number does not shut that holder out: a browser that
has signed in to the account keeps a mark, which no other browser has, and has a budget of its
own. The mark opens nothing. One browser may keep those of a household.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from vault.base64url import from_base64url, to_base64url
from vault.crypto.tokens import well_formed
from vault.services import Vault

BROWSER: Final = "vsd_"
MARK_SECONDS: Final = 180 * 24 * 3600
MOST_MARKS: Final = 4
"""Accounts that one browser is known for; the oldest makes room."""

_LONGEST: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """That the browser has signed in to one account.

    Attributes:
        ends_at: UTC seconds; stands in ``proof`` too.
        proof: Keyed hash of browser, account and end.
    """

    ends_at: int
    proof: bytes = field(repr=False)

    def text(self) -> str:
        """Return it as it stands in the cookie."""
        return f"{self.ends_at}~{to_base64url(self.proof)}"


def known_browser(vault: Vault, cookie: str, *, account: bytes, now: int) -> bytes | None:
    """Return what a browser is counted by, if it has signed in to ``account`` before."""
    browser, marks = _read(cookie)
    for mark in marks:
        if now < mark.ends_at and _is_of(vault, mark, browser=browser, account=account):
            return browser.encode()
    return None


def marked_browser(vault: Vault, cookie: str, *, account: bytes, now: int) -> str:
    """Return the cookie of a browser that has just signed in to ``account``."""
    browser, marks = _read(cookie)
    browser = browser or vault.secrets.mint(BROWSER)
    ends_at = now + MARK_SECONDS
    own = _named(browser, account=account, ends_at=ends_at)
    new = _Mark(ends_at=ends_at, proof=vault.secrets.hash(own))
    others = [one for one in marks if not _is_of(vault, one, browser=browser, account=account)]
    return ".".join([browser, *(one.text() for one in (new, *others)[:MOST_MARKS])])


def _read(cookie: str) -> tuple[str, tuple[_Mark, ...]]:
    """Return browser and marks; an empty name where the cookie is none of ours."""
    browser, *texts = cookie[:_LONGEST].split(".")
    if not well_formed(browser, prefix=BROWSER):
        return "", ()
    return browser, tuple(mark for text in texts if (mark := _mark(text)) is not None)


def _mark(text: str) -> _Mark | None:
    ends_at, _, proof = text.partition("~")
    if not (ends_at.isascii() and ends_at.isdecimal()):
        return None
    try:
        return _Mark(ends_at=int(ends_at), proof=from_base64url(proof))
    except ValueError:
        return None


def _is_of(vault: Vault, mark: _Mark, *, browser: str, account: bytes) -> bool:
    own = _named(browser, account=account, ends_at=mark.ends_at)
    return any([compare_digest(mark.proof, one) for one in vault.secrets.hashes(own)])  # noqa: C419 - all, always


def _named(browser: str, *, account: bytes, ends_at: int) -> str:
    return f"known browser\x00{browser}\x00{account.hex()}\x00{ends_at}"
