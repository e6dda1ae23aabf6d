"""Unified serial numbers of cases (domain.md 3.4): 44 characters with a check at the end.

``<implementation code 31><yyMMdd><6 digits><check>`` where the item has such a code, else
``<USCC 18><yyMMdd><19 characters><check>``. Random characters hide how many cases there are.
"""

from datetime import date
from typing import Final

from vault.errors import InvalidInputError
from vault.identifiers.checks import BASE36, mod_37_36
from vault.ids import CaseNumber, RandomBytes

LENGTH: Final = 44
_CODE_31: Final = 31
_DAY: Final = 6


def make_case_number(authority: str, *, day: date, random: RandomBytes) -> CaseNumber:
    """Return a new number under an implementation code (31) or a USCC (18)."""
    alphabet = BASE36[:10] if len(authority) == _CODE_31 else BASE36
    room = LENGTH - 1 - _DAY - len(authority)
    drawn = "".join(_character(alphabet, random) for _ in range(room))
    body = f"{authority}{day:%y%m%d}{drawn}"
    return CaseNumber(body + mod_37_36(body))


def check_case_number(text: str) -> CaseNumber:
    """Return ``text`` as a number of this scheme.

    Raises:
        InvalidInputError: It is none.
    """
    sound = len(text) == LENGTH and not set(text) - set(BASE36)
    if not sound or text[-1] != mod_37_36(text[:-1]):
        raise InvalidInputError("this is no case number", field="case")
    return CaseNumber(text)


def _character(alphabet: str, random: RandomBytes) -> str:
    limit = 256 - 256 % len(alphabet)
    while True:  # Values past the last whole multiple would favour the first characters.
        drawn = random(1)[0]
        if drawn < limit:
            return alphabet[drawn % len(alphabet)]
