"""Number matching: the counter's screen shows a number, the holder picks it among three.

The counter writes its number into ``binding_message``: exactly one group of exactly two digits,
such as ``3号窗口 47`` or ``Window A, 47``. The holder sees the words without it, and the number
among two others that are drawn for the request by a keyed hash: the same at every load, so that
loading again tells nobody which of them stays.
"""

import re
from collections.abc import Callable
from typing import Final

from api.oauth.errors import FaultError, Say

MAX_CHARACTERS: Final = 64
BLANK: Final = "••"
_LOWEST: Final = 10
_MANY: Final = 90
_NUMBERS: Final = 3
_GROUP: Final = re.compile(r"[0-9]+")
_TWO: Final = 2


def number_in(message: str) -> str:
    """Return the number that a counter's message has.

    Raises:
        FaultError: ``invalid_binding_message``.
    """
    printable = message.replace("\u3000", " ").isprintable()
    if not 0 < len(message) <= MAX_CHARACTERS or not printable:
        raise FaultError(Say.BINDING, reason="not 1 to 64 printable characters")
    found = [one for one in _GROUP.findall(message) if len(one) == _TWO and one[0] != "0"]
    if len(found) != 1:
        raise FaultError(Say.BINDING, reason="not one number from 10 to 99")
    return str(found[0])


def blanked(message: str, number: str) -> str:
    """Return the message without the number that is to be chosen."""
    return re.sub(rf"(?<![0-9]){number}(?![0-9])", BLANK, message)


def numbers_of(
    number: str, *, request_id: bytes, keyed: Callable[[bytes], bytes]
) -> tuple[str, ...]:
    """Return three numbers in an order that says nothing; ``number`` is one of them."""
    drawn = {number}
    count = 0
    while len(drawn) < _NUMBERS:
        tag = keyed(b"number\x00" + count.to_bytes(2) + request_id)
        drawn.add(str(_LOWEST + int.from_bytes(tag[:8]) % _MANY))
        count += 1
    return tuple(sorted(drawn))
