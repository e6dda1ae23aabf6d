"""Numbers of people and organisations that cannot exist: for tests, the demo and benchmarks.

Organisations use the range that GB 11714 reserves for internal use; persons are born in 1900,
or live in counties abolished before they were born (domain.md 1.7).
"""

import re
from datetime import date, timedelta
from typing import Final

from vault.identifiers.checks import mod_11_2, organisation_code_check, uscc_check
from vault.identifiers.reasons import IdentifierKind
from vault.identifiers.strict import Identifier

_PDY: Final = "PDY(?!00000)[0-9]{5}"
_RESERVED_AT: Final = {
    IdentifierKind.USCC: f".{{8}}{_PDY}.{{2}}",
    IdentifierKind.ORGANISATION_CODE: f"{_PDY}.",
    IdentifierKind.IMPLEMENTATION_CODE: f".{{8}}{_PDY}.{{15}}",
    IdentifierKind.ELECTRONIC_LICENCE_ID: rf"1\.2\.156\.3005\.2\.[0-9A-Z]+\..{{8}}{_PDY}.*",
    IdentifierKind.MOBILE_CN: ".{3}0{8}",
    IdentifierKind.PASSPORT_CN: "..0{7}",
}
"""Where a number shows that it is made up; persons' numbers show it by their dates."""

_ABOLISHED: Final = {"110110": date(1990, 1, 1), "110103": date(2020, 1, 1)}
_SEQUENCES: Final = 999
_COUNTIES: Final = ("110105", "310101", "440103", "510104", "330102", "420102")


def synthetic_resident_id(number: int) -> str:
    """Return the ``number``-th made-up resident ID: born in 1900 in one of six counties."""
    county, rest = divmod(number, _SEQUENCES * 365)
    day, sequence = divmod(rest, _SEQUENCES)
    born = date(1900, 1, 1) + timedelta(days=day)
    body = f"{_COUNTIES[county % len(_COUNTIES)]}{born:%Y%m%d}{sequence + 1:03d}"
    return body + mod_11_2(body)


def synthetic_uscc(number: int, *, department: str = "9", category: str = "1") -> str:
    """Return the ``number``-th made-up organisation, 1 to 99,999, registered in Beijing."""
    inner = f"PDY{number:05d}"
    body = f"{department}{category}110105{inner}{organisation_code_check(inner)}"
    return body + uscc_check(body)


def is_synthetic(identifier: Identifier) -> bool:
    """Say whether nobody can ever have been given this number."""
    within = _RESERVED_AT.get(identifier.kind)
    if within is not None:
        return re.fullmatch(within, identifier.value) is not None
    return _nobody(identifier)


def _nobody(identifier: Identifier) -> bool:
    born = date.fromisoformat(str(identifier.parts["birth_date"]))
    since = _ABOLISHED.get(identifier.value[:6])
    return born.year <= 1900 or (since is not None and born >= since)  # noqa: PLR2004
