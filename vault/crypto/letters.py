"""Codes that people read from one screen and type into another (RFC 8628 s. 6.1).

Eight consonants that are not mistaken for each other and spell no words: 34.5 bits, so a code
is good for minutes, for few tries, and never without somebody who is signed in or proven.
"""

from typing import Final

from vault.ids import RandomBytes

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8
_HALF: Final = LENGTH // 2
_FAIR: Final = 256 - 256 % len(ALPHABET)
"""Bytes from here on would make some letters likelier than others."""

_JOINTS: Final = str.maketrans("", "", "- \u3000")


def mint_letters(*, random: RandomBytes) -> str:
    """Return eight letters, each as likely as any other."""
    found = ""
    while len(found) < LENGTH:
        found += "".join(ALPHABET[one % len(ALPHABET)] for one in random(LENGTH) if one < _FAIR)
    return found[:LENGTH]


def read_letters(text: str) -> str:
    """Return the letters that somebody typed, however small or joined; empty if they are none."""
    found = text.translate(_JOINTS).upper()
    if len(found) != LENGTH or set(found) - set(ALPHABET):
        return ""
    return found


def spaced_letters(letters: str) -> str:
    """Return the letters as they are shown: ``XXXX-XXXX``."""
    return f"{letters[:_HALF]}-{letters[_HALF:]}"
