"""A holder signs in: a number, then a one-time code that goes to the contact on record.

Numbers that have no space take the same steps and the same time: an attempt is written and a
message queued for them too, which nobody delivers. How often is the same too
(``sign_in_limits``). Nothing here is released from a space, so
nothing stands in the journal; every use of the sign-in that opens something does.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from vault.base64url import from_base64url, to_base64url
from vault.clients.levels import AAL1
from vault.clients.protocol import SignIn, SignInAttempt, authenticated
from vault.clock import MS
from vault.crypto.tokens import well_formed
from vault.errors import IntegrityError, InvalidInputError
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, Space
from vault.ports import Tx
from vault.services import Vault
from vault.services.known_browsers import known_browser, marked_browser
from vault.services.limits import count
from vault.services.open_space import find_space
from vault.services.outbox import ONE_TIME_CODE, WRONG_CODES, enqueue
from vault.services.sign_in_limits import account_of, asking, count_wrong, trying

ATTEMPT: Final = "vsa_"
SIGN_IN: Final = "vsi_"
FORM: Final = "vcs_"

ACR: Final = AAL1
"""Number and one-time code (architecture.md 9.4)."""

CODE_DIGITS: Final = 6
CODE_SECONDS: Final = 300
MAX_TRIES: Final = 5
"""Wrong codes before an attempt is over."""

IDLE_SECONDS: Final = 1800
LONGEST_SECONDS: Final = 12 * 3600
TOUCH_SECONDS: Final = 60
"""The end of idleness is written at most this often."""

TOLD_AT: Final = 10
"""Wrong codes in one day after which the holder is told of them."""

SEPARATOR: Final = "."
"""Between an attempt's secret and the account that it is counted for."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedIn:
    """A sign-in that has just begun.

    Attributes:
        cookie: What the browser keeps; stored as its keyed hash only.
        form_token: What each form of this sign-in carries.
        known: The mark of this browser from now on (``known_browsers``).
    """

    signin: SignIn
    cookie: str = field(repr=False)
    form_token: str = field(repr=False)
    known: str = field(repr=False)


def start_sign_in(vault: Vault, number: Identifier, *, source: str, known: str = "") -> str:
    """Send a one-time code to the holder of ``number``, if there is one.

    Args:
        vault: The vault.
        number: Checked by its own type's rules.
        source: Address of the peer, for limits.
        known: The mark that this browser brought along, if any.

    Returns:
        What the browser keeps until the code is typed in.

    Raises:
        InvalidInputError: No space is keyed by numbers of that kind.
        RateLimitedError: Too many codes were asked for.
    """
    now_ms = vault.clock.now_ms()
    now = now_ms // MS
    account = account_of(vault, number)
    browser = known_browser(vault, known, account=account, now=now)
    attempt = vault.secrets.mint(ATTEMPT)
    attempt_hash = vault.secrets.hash(attempt)
    code = _drawn(vault)
    with vault.read() as tx:
        space = find_space(vault, tx, number)
    with vault.work() as tx:
        limits = asking(vault, account=account, source=source, browser=browser)
        tally = count(vault, tx, limits, now=now)
        if tally.limited is None:
            tx.protocol.add_attempt(
                SignInAttempt(
                    attempt_hash=attempt_hash,
                    space=space,
                    code_hash=_code_hash(vault, attempt_hash, code),
                    tries=0,
                    expires_at=now + CODE_SECONDS,
                )
            )
            enqueue(vault, tx, space, kind=ONE_TIME_CODE, code=code, at_ms=now_ms)
    if tally.limited is not None:  # Raised outside, so that the tries stay counted.
        raise tally.limited
    return attempt + _sealed_account(vault, account, attempt_hash=attempt_hash)


def finish_sign_in(
    vault: Vault, attempt: str, *, code: str, source: str, known: str = ""
) -> SignedIn:
    """Turn an attempt and its code into a sign-in.

    Args:
        vault: The vault.
        attempt: As ``start_sign_in`` returned it.
        code: As typed.
        source: Address of the peer, for limits.
        known: The mark that this browser brought along, if any.

    Raises:
        InvalidInputError: The code is wrong, spent or too old; which of them is not told.
        RateLimitedError: Too many codes were tried; this one was not looked at.
    """
    now_ms = vault.clock.now_ms()
    now = now_ms // MS
    wrong = InvalidInputError("the code is wrong or too old", field="code")
    secret, _, sealed = attempt.partition(SEPARATOR)
    if not well_formed(secret, prefix=ATTEMPT) or not _is_code(code):
        raise wrong
    attempt_hash = vault.secrets.hash(secret)
    account = _opened_account(vault, sealed, attempt_hash=attempt_hash)
    if account is None:
        raise wrong
    browser = known_browser(vault, known, account=account, now=now)
    cookie, form_token = vault.secrets.mint(SIGN_IN), vault.secrets.mint(FORM)
    begun: SignIn | None = None
    with vault.work() as tx:
        limits = trying(vault, account=account, source=source, browser=browser)
        tally = count(vault, tx, limits, now=now)
        if tally.limited is None:
            row = tx.protocol.try_attempt(attempt_hash, most=MAX_TRIES, now=now)
            if row is not None:
                right = compare_digest(row.code_hash, _code_hash(vault, attempt_hash, code))
                if right and row.space and tx.protocol.spend_attempt(attempt_hash, now=now):
                    begun = _begun(vault, row.space, cookie=cookie, form_token=form_token, now=now)
                    tx.protocol.add_signin(begun)
                    tally.forgive(tx)
                else:
                    _warn(vault, tx, row.space, account=account, at_ms=now_ms)
    if tally.limited is not None:  # Raised outside, so that the try stays counted.
        raise tally.limited
    if begun is None:
        raise wrong
    return SignedIn(
        signin=begun,
        cookie=cookie,
        form_token=form_token,
        known=marked_browser(vault, known, account=account, now=now),
    )


def live_sign_in(vault: Vault, cookie: str) -> SignIn | None:
    """Return the sign-in that ``cookie`` stands for, if it is live; that keeps it live."""
    if not well_formed(cookie, prefix=SIGN_IN):
        return None
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        found = next(
            (
                row
                for one in vault.secrets.hashes(cookie)
                if (row := tx.protocol.signin(one, now=now)) is not None
            ),
            None,
        )
    if found is None:
        return None
    until = min(now + IDLE_SECONDS, found.expires_at)
    if until - found.idle_expires_at >= TOUCH_SECONDS:
        with vault.work() as tx:
            tx.protocol.touch_signin(found.signin_hash, idle_expires_at=until)
    return found


def csrf_is_of(vault: Vault, signin: SignIn, *, token: str) -> bool:
    """Say whether a form's ``token`` belongs to this very sign-in."""
    return any([compare_digest(one, signin.csrf_hash) for one in vault.secrets.hashes(token)])  # noqa: C419 - all, always


def _begun(vault: Vault, space: Space, *, cookie: str, form_token: str, now: int) -> SignIn:
    signin_hash = vault.secrets.hash(cookie)
    return SignIn(
        signin_hash=signin_hash,
        space=space,
        csrf_hash=vault.secrets.hash(form_token),
        auth=authenticated(space, acr=ACR, at=now, signin_hash=signin_hash),
        idle_expires_at=now + IDLE_SECONDS,
        expires_at=now + LONGEST_SECONDS,
    )


def _warn(vault: Vault, tx: Tx, space: Space | None, *, account: bytes, at_ms: int) -> None:
    """Tell the holder of many wrong codes, once a day; nobody, where there is no space."""
    if count_wrong(vault, tx, account=account, now=at_ms // MS) == TOLD_AT:
        enqueue(vault, tx, space, kind=WRONG_CODES, code="", at_ms=at_ms)


def _sealed_account(vault: Vault, account: bytes, *, attempt_hash: bytes) -> str:
    """Return the account for the browser to bring back: opened for this very attempt alone.

    The row names the space, where there is one; tries are counted for numbers without one too.
    """
    sealed = vault.secrets.seal(account, request_id=attempt_hash[:ID_BYTES])
    return SEPARATOR + to_base64url(sealed)


def _opened_account(vault: Vault, sealed: str, *, attempt_hash: bytes) -> bytes | None:
    try:
        found = from_base64url(sealed)
        return vault.secrets.open(found, request_id=attempt_hash[:ID_BYTES])
    except (ValueError, IntegrityError):
        return None


def _drawn(vault: Vault) -> str:
    """Draw six digits, each value as likely as every other."""
    span = 10**CODE_DIGITS
    while True:
        drawn = int.from_bytes(vault.random(4), "big")
        if drawn < 2**32 // span * span:
            return f"{drawn % span:0{CODE_DIGITS}d}"


def _code_hash(vault: Vault, attempt_hash: bytes, code: str) -> bytes:
    return vault.secrets.keyed(b"one-time-code\x00" + attempt_hash + code.encode())


def _is_code(code: str) -> bool:
    return len(code) == CODE_DIGITS and not set(code) - set("0123456789")
