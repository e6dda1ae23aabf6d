"""Letters that go from one screen to another: how they are kept, and how often one may try.

A kiosk's letters lead its visitor to the request, a holder's letters lead a counter to the
holder. Both are kept as keyed hashes; whoever guesses is stopped long before a hit is likely.
"""

from typing import Final

from vault.clients.protocol import SignIn
from vault.errors import RateLimitedError
from vault.ids import HolderId
from vault.ports import Tx
from vault.services import Vault
from vault.services.limits import Limit, Tally, count

TYPED_A_SIGN_IN: Final = 5
"""Wrong codes that one sign-in may type; then it types no more (oauth.md 5)."""

TYPED: Final = Limit.of("codes.typed", "too many codes were typed", hour=10, day=20)
SHOWN: Final = Limit.of("codes.shown", "too many codes were shown", hour=12, day=50)
GUESSED: Final = Limit.of("codes.guessed", "too many codes were wrong", hour=20, day=100)


def user_code_name(letters: str) -> str:
    """Return what is hashed of a kiosk's letters: never mistaken for another secret."""
    return f"user code {letters}"


def shown_code_name(letters: str) -> str:
    """Return what is hashed of a holder's letters."""
    return f"shown code {letters}"


def count_typed(vault: Vault, tx: Tx, *, signin: SignIn, now: int) -> Tally:
    """Count letters that a holder types; those that lead somewhere are forgiven.

    A sign-in has its own counter from its first to its last second, and holders have theirs,
    so that signing in anew is no way round.
    """
    own = vault.secrets.keyed(b"codes.signin\x00" + signin.signin_hash)
    began = signin.auth.auth_time
    if tx.protocol.count_try(own, window_start=began) > TYPED_A_SIGN_IN:
        wait = max(1, signin.expires_at - now)
        limited = RateLimitedError(TYPED.told, retry_after_seconds=wait)
        return Tally(limited=limited, counters=())
    tally = count(vault, tx, [(TYPED, signin.space.holder_id)], now=now)
    return Tally(limited=tally.limited, counters=((own, began), *tally.counters))


def count_shown(vault: Vault, tx: Tx, *, holder: HolderId, now: int) -> RateLimitedError | None:
    """Count letters that a holder's screen shows; return why it must not."""
    return count(vault, tx, [(SHOWN, holder)], now=now).limited
