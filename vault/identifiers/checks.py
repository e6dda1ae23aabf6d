"""Check characters, each as its standard computes it (domain.md 1.2). Inputs are strict."""

from typing import Final

BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE31: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Alphabet of GB 32100: no I, O, S, V, Z."""

_MOD_11_2: Final = "0123456789X"
_GB_11714_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_GB_32100_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ICAO_WEIGHTS: Final = (7, 3, 1)


def mod_11_2(digits: str) -> str:
    """Return the check of GB 11643 numbers (ISO 7064 MOD 11-2)."""
    product = 0
    for digit in digits:
        product = (product + int(digit)) * 2 % 11
    return _MOD_11_2[(12 - product) % 11]


def mod_37_36(text: str) -> str:
    """Return the check of GB/T 36904 identifiers and case numbers (GB/T 17710)."""
    product = 36
    for character in text:
        product = ((product + BASE36.index(character)) % 36 or 36) * 2 % 37
    return BASE36[(37 - product) % 36]


def organisation_code_check(body: str) -> str:
    """Return the check of an organisation code's 8 characters (GB 11714)."""
    total = sum(w * BASE36.index(c) for w, c in zip(_GB_11714_WEIGHTS, body, strict=True))
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def uscc_check(body: str) -> str:
    """Return the check of a unified social credit code's 17 characters (GB 32100)."""
    total = sum(w * BASE31.index(c) for w, c in zip(_GB_32100_WEIGHTS, body, strict=True))
    return BASE31[(31 - total % 31) % 31]


def mrz_check(field: str) -> str:
    """Return the check digit of a machine-readable field (ICAO 9303); ``<`` counts as 0."""
    values = (0 if c == "<" else BASE36.index(c) for c in field)
    return str(sum(v * _ICAO_WEIGHTS[i % 3] for i, v in enumerate(values)) % 10)
