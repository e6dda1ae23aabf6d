"""What a person types into a form, brought to the strict form: portal pages only.

Full-width characters become ASCII, blanks and hyphens go, letters are raised. Nothing else is
mapped: no NFKC (it would turn a circled digit into a digit), no letter O to zero.
"""

from typing import Final

_WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_DROPPED: Final = dict.fromkeys(map(ord, " \u3000\u00a0-"))


def normalise_ui(text: str) -> str:
    """Return ``text`` as the strict check may take it; doing it twice changes nothing."""
    return text.strip().translate(_WIDE).translate(_DROPPED).upper()
