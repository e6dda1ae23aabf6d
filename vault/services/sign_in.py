"""A holder signs in: a number, then a one-time code that goes to the contact on record.

Numbers that have no space take the same steps and the same time: an attempt is written and a
message queued for them too, which nobody delivers. Nothing here is released from a space, so
nothing stands in the journal; every use of the sign-in that opens something does.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from vault.clients.protocol import Message, SignIn, SignInAttempt
from vault.clock import MS
from vault.crypto.tokens import well_formed
from vault.errors import InvalidInputError, RateLimitedError
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, Space
from vault.services import Vault
from vault.services.acting import ACR_PREFIX, network_prefix, plain_address
from vault.services.open_space import find_space
from vault.services.outbox import ONE_TIME_CODE, sealed_code

ATTEMPT: Final = "vsa_"
SIGN_IN: Final = "vsi_"
FORM: Final = "vcs_"

ACR: Final = f"{ACR_PREFIX}aal1"
"""Number and one-time code (architecture.md 9.4)."""

CODE_DIGITS: Final = 6
CODE_SECONDS: Final = 300
MAX_TRIES: Final = 5
"""Wrong codes before an attempt is over."""

IDLE_SECONDS: Final = 1800
LONGEST_SECONDS: Final = 12 * 3600
TOUCH_SECONDS: Final = 60
"""The end of idleness is written at most this often."""

MINUTE: Final = 60
HOUR: Final = 3600
PER_MINUTE: Final = 5
"""Attempts from one IPv4 address or IPv6 site for one number (threats.md 6)."""
PER_HOUR: Final = 100
"""Attempts for one number from anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedIn:
    """A sign-in that has just begun.

    Attributes:
        cookie: What the browser keeps; stored as its keyed hash only.
        form_token: What each form of this sign-in carries.
    """

    signin: SignIn
    cookie: str = field(repr=False)
    form_token: str = field(repr=False)


def start_sign_in(vault: Vault, number: Identifier, *, source: str) -> str:
    """Send a one-time code to the holder of ``number``, if there is one.

    Args:
        vault: The vault.
        number: Checked by its own type's rules.
        source: Address of the peer, for limits.

    Returns:
        What the browser keeps until the code is typed in.

    Raises:
        InvalidInputError: No space is keyed by numbers of that kind.
        RateLimitedError: Too many attempts for this number.
    """
    now_ms = vault.clock.now_ms()
    now = now_ms // MS
    account = vault.numbers.of(number)[0].index
    attempt = vault.secrets.mint(ATTEMPT)
    attempt_hash = vault.secrets.hash(attempt)
    code = _drawn(vault)
    message_id = vault.random(ID_BYTES)
    with vault.read() as tx:
        space = find_space(vault, tx, number)
    with vault.work() as tx:
        for key, window, most in (
            (b"sign-in\x00" + account + _counted(source).encode(), MINUTE, PER_MINUTE),
            (b"sign-in\x00" + account, HOUR, PER_HOUR),
        ):
            start = now // window * window
            if tx.protocol.count_try(vault.secrets.keyed(key), window_start=start) > most:
                limited = RateLimitedError(
                    "too many codes were asked for", retry_after_seconds=start + window - now
                )
                break
        else:
            limited = None
            tx.protocol.add_attempt(
                SignInAttempt(
                    attempt_hash=attempt_hash,
                    space=space,
                    code_hash=_code_hash(vault, attempt_hash, code),
                    tries=0,
                    expires_at=now + CODE_SECONDS,
                )
            )
            tx.protocol.enqueue(
                Message(
                    message_id=message_id,
                    kind=ONE_TIME_CODE,
                    sealed=sealed_code(
                        vault, space, code=code, message_id=message_id, sent_at_ms=now_ms
                    ),
                    created_at=now,
                )
            )
    if limited is not None:  # Raised outside, so that the tries stay counted.
        raise limited
    return attempt


def finish_sign_in(vault: Vault, attempt: str, *, code: str) -> SignedIn:
    """Turn an attempt and its code into a sign-in.

    Raises:
        InvalidInputError: The code is wrong, spent or too old; which of them is not told.
    """
    now = vault.clock.now_ms() // MS
    wrong = InvalidInputError("the code is wrong or too old", field="code")
    if not well_formed(attempt, prefix=ATTEMPT) or not _is_code(code):
        raise wrong
    attempt_hash = vault.secrets.hash(attempt)
    cookie, form_token = vault.secrets.mint(SIGN_IN), vault.secrets.mint(FORM)
    begun: SignIn | None = None
    with vault.work() as tx:
        row = tx.protocol.try_attempt(attempt_hash, most=MAX_TRIES, now=now)
        if row is not None and row.space is not None:
            right = compare_digest(row.code_hash, _code_hash(vault, attempt_hash, code))
            if right and tx.protocol.spend_attempt(attempt_hash, now=now):
                begun = _begun(vault, row.space, cookie=cookie, form_token=form_token, now=now)
                tx.protocol.add_signin(begun)
    if begun is None:  # Raised outside, so that the try stays counted.
        raise wrong
    return SignedIn(signin=begun, cookie=cookie, form_token=form_token)


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


def sign_out(vault: Vault, signin: SignIn) -> None:
    """End a sign-in; its cookie opens nothing from now on."""
    with vault.work() as tx:
        tx.protocol.end_signin(signin.signin_hash, now=vault.clock.now_ms() // MS)


def _begun(vault: Vault, space: Space, *, cookie: str, form_token: str, now: int) -> SignIn:
    return SignIn(
        signin_hash=vault.secrets.hash(cookie),
        space=space,
        csrf_hash=vault.secrets.hash(form_token),
        acr=ACR,
        auth_time=now,
        idle_expires_at=now + IDLE_SECONDS,
        expires_at=now + LONGEST_SECONDS,
    )


def _counted(source: str) -> str:
    """Return what is counted as one source: an IPv6 site has 2^80 addresses to come from."""
    plain = plain_address(source)
    return (network_prefix(plain) or plain) if ":" in plain else plain


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
