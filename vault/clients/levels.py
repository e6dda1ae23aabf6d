"""How strongly somebody signed in: the levels by name, and what takes which (architecture.md 9.4).

A one-time code is one factor (NIST SP 800-63B-4 AAL1); a passkey that verified its user is two;
one that proved to be a device which never lets the key go is the third level.
"""

from typing import Final

ACR_PREFIX: Final = "urn:myspace:acr:"

AAL1: Final = f"{ACR_PREFIX}aal1"
AAL2: Final = f"{ACR_PREFIX}aal2"
AAL3: Final = f"{ACR_PREFIX}aal3"

LEVELS: Final = (AAL1, AAL2, AAL3)
"""From the weakest to the strongest; each does for whatever a weaker one does."""

SENSITIVE: Final = 4
"""Evidence of this level takes a passkey (PIPL 29)."""


def rank(acr: str) -> int:
    """Return 1 to 3, or 0 for a level that is none of ours."""
    return LEVELS.index(acr) + 1 if acr in LEVELS else 0


def at_least(acr: str) -> tuple[str, ...]:
    """Return ``acr`` and every stronger level."""
    return LEVELS[rank(acr) - 1 :]


def needed_for(level: int) -> str:
    """Return the level of sign-in that evidence of ``level`` takes."""
    return AAL2 if level >= SENSITIVE else AAL1
