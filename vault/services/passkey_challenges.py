"""Challenges of passkey ceremonies: minted for one browser and one purpose, answered once.

How often they are asked for is limited by source alone: whoever uses up the codes of somebody
else's number does not keep that holder's passkey out (threats.md 17).
"""

from typing import Final

from vault.clock import MS
from vault.crypto.tokens import well_formed
from vault.errors import InvalidInputError
from vault.passkeys import Ceremony, Challenge
from vault.passkeys.ceremony import Answer
from vault.passkeys.options import SECONDS
from vault.services import Vault
from vault.services.limits import Limit, count
from vault.services.sign_in_limits import source_of

CHALLENGE: Final = "vwc_"

OFTEN: Final = "a passkey was asked for too often"
BY_SOURCE: Final = Limit.of("passkeys.source", OFTEN, minute=30, hour=240, day=1200)


def ask(vault: Vault, ceremony: Ceremony, *, bound_hash: bytes, source: str) -> str:
    """Return a new challenge.

    Args:
        vault: The vault.
        ceremony: What an answer will be good for.
        bound_hash: Keyed hash of the secret of the browser that asks.
        source: Address of the peer, for limits.

    Raises:
        RateLimitedError: There were too many.
    """
    now = vault.clock.now_ms() // MS
    challenge = vault.secrets.mint(CHALLENGE)
    with vault.work() as tx:
        limits = [(BY_SOURCE.times(vault.people_factor), source_of(source).encode())]
        tally = count(vault, tx, limits, now=now)
        if tally.limited is None:
            tx.protocol.add_challenge(
                Challenge(
                    challenge_hash=vault.secrets.hash(challenge),
                    bound_hash=bound_hash,
                    ceremony=ceremony,
                    expires_at=now + SECONDS,
                )
            )
    if tally.limited is not None:  # Raised outside, so that it stays counted.
        raise tally.limited
    return challenge


def spend(vault: Vault, answer: Answer, *, ceremony: Ceremony, bound_hash: bytes) -> None:
    """Take the challenge of ``answer`` away, whatever its answer turns out to be.

    Raises:
        InvalidInputError: It was not given to this browser for this, was answered, or is old.
    """
    now = vault.clock.now_ms() // MS
    spent = False
    if well_formed(answer.challenge, prefix=CHALLENGE):
        hashes = vault.secrets.hashes(answer.challenge)
        with vault.work() as tx:
            spent = any(
                tx.protocol.spend_challenge(one, bound_hash=bound_hash, ceremony=ceremony, now=now)
                for one in hashes
            )
    if not spent:
        raise InvalidInputError("the passkey was not verified", field="answer")
