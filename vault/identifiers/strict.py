"""The strict check of every kind: ASCII, exact length, the first failing rule named.

A right check character proves careful typing, never that a number was issued or belongs to
the person who shows it. Nothing here trims or maps characters; ``normalise_ui`` does, and only
for what a person types into a form.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from vault.identifiers.checks import mod_11_2, mod_37_36, organisation_code_check, uscc_check
from vault.identifiers.nationalities import NATIONALITIES
from vault.identifiers.reasons import IdentifierError, IdentifierKind, Reason

PROVINCES: Final = frozenset(
    (
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
    )
)
CENTRAL_REGISTRATION: Final = "100000"
FIRST_BIRTH_YEAR: Final = 1800
LICENCE_ROOT: Final = ("1", "2", "156", "3005", "2")
ORIGINS: Final = {"810000": "HK", "820000": "MO", "830000": "TW"}
CATEGORIES: Final = {
    "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "1239", "6": "129", "7": "129",
    "8": "19", "9": "123", "A": "19", "N": "1239", "Y": "1",
}  # fmt: skip
"""Registering department to the categories that it may register (GB 32100, amendment 1)."""

_ITEM_TYPES: Final = frozenset([*range(1, 11), *range(20, 30)])
_CENTENARIANS: Final = frozenset({"996", "997", "998", "999"})
_PASSPORTS: Final = {
    "CN_ORD_E": "E[0-9]{8}",
    "CN_ORD_EX": "E[A-HJ-NP-Z][0-9]{7}",
    "CN_ORD_G": "G[0-9]{8}",
    "CN_DIP": "DE[0-9]{7}",
    "CN_SVC": "SE[0-9]{7}",
    "CN_PUB": "PE[0-9]{7}",
}

Parts = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number that passed the strict check.

    Attributes:
        value: Exactly as checked; personal for persons, so it is not in the ``repr``.
        parts: What the number says of itself, such as ``region`` or ``birth_date``.
    """

    kind: IdentifierKind
    value: str = field(repr=False)
    parts: Mapping[str, str | int | bool] = field(repr=False, compare=False)


def parse(kind: IdentifierKind, value: str, *, today: date) -> Identifier:
    """Return ``value`` as a number of ``kind``.

    Args:
        kind: As the caller says; never guessed.
        value: The exact text.
        today: Births after it are refused.

    Raises:
        IdentifierError: A rule is broken; it names the first one.
    """
    parts = _RULES[kind](value, today)
    return Identifier(kind=kind, value=value, parts=MappingProxyType(parts))


def to_resident_id(legacy: Identifier) -> str:
    """Return the 18-digit number of a 15-digit one: the century, then the check appended."""
    body = f"{legacy.value[:6]}19{legacy.value[6:]}"
    return body + mod_11_2(body)


def _need(holds: bool, reason: Reason) -> None:  # noqa: FBT001 - reads as "need this, or that"
    if not holds:
        raise IdentifierError(reason)


def _shape(value: str, *, length: int, charset: str) -> None:
    _need(len(value) == length, Reason.LENGTH)
    _need(re.fullmatch(charset, value) is not None, Reason.CHARSET)


def _county(region: str) -> None:
    _need(int(region[:2]) in PROVINCES and "00" not in {region[2:4], region[4:]}, Reason.REGION)


def _birth(digits: str) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise IdentifierError(Reason.DATE) from None
    _need(born.year >= FIRST_BIRTH_YEAR, Reason.DATE)
    return born


def _person(value: str, today: date, parts: Parts) -> Parts:
    """Check birth, sequence and check character of an 18-character personal number."""
    born = _birth(value[6:14])
    _need(born <= today, Reason.FUTURE)
    _need(value[14:17] != "000", Reason.SEQUENCE)
    _need(value[17] == mod_11_2(value[:17]), Reason.CHECK)
    return {**parts, "birth_date": born.isoformat(), "sex": "FM"[int(value[16]) % 2]}


def _resident_id(value: str, today: date) -> Parts:
    _shape(value, length=18, charset="[0-9]{17}[0-9X]")
    _county(value[:6])
    return _person(value, today, {"region": value[:6]})


def _legacy(value: str, _today: date) -> Parts:
    _shape(value, length=15, charset="[0-9]{15}")
    _county(value[:6])
    _need(value[12:] not in _CENTENARIANS, Reason.CENTENARIAN_AMBIGUOUS)
    _need(value[12:] != "000", Reason.SEQUENCE)
    born = _birth("19" + value[6:12])
    body = f"{value[:6]}19{value[6:]}"
    return {
        "ric18": body + mod_11_2(body),
        "birth_date": born.isoformat(),
        "sex": "FM"[int(value[14]) % 2],
    }


def _hkmt(value: str, today: date) -> Parts:
    _shape(value, length=18, charset="[0-9]{17}[0-9X]")
    _need(value[:6] in ORIGINS, Reason.PREFIX)
    return _person(value, today, {"origin": ORIGINS[value[:6]]})


def _permanent_resident(value: str, today: date) -> Parts:
    _shape(value, length=18, charset="[0-9]{17}[0-9X]")
    _need(value[0] == "9", Reason.PREFIX)
    _need(int(value[1:3]) in PROVINCES, Reason.REGION)
    _need(value[3:6] in NATIONALITIES, Reason.NATIONALITY)
    return _person(value, today, {"accept_province": value[1:3], "nationality": value[3:6]})


def _organisation_code(value: str, _today: date) -> Parts:
    _shape(value, length=9, charset="[0-9A-Z]{8}[0-9X]")
    _need(value[:8] != "00000000", Reason.ALLZERO)
    _need(value[8] == organisation_code_check(value[:8]), Reason.CHECK)
    custom = re.fullmatch("PDY(?!00000)[0-9]{5}", value[:8]) is not None
    return {"custom_range": custom}


def _uscc(value: str, _today: date) -> Parts:
    letters = "[0-9A-HJ-NPQRTUWXY]"
    _shape(value, length=18, charset=f"{letters}{{2}}[0-9]{{6}}{letters}{{10}}")
    _need(value[0] in CATEGORIES, Reason.DEPT)
    _need(value[1] in CATEGORIES[value[0]], Reason.CATEGORY)
    region, inner = value[2:8], value[8:17]
    _need(int(region[:2]) in PROVINCES or region == CENTRAL_REGISTRATION, Reason.REGION)
    _need(value[17] == uscc_check(value[:17]), Reason.CHECK)
    sound = inner[:8] != "00000000" and inner[8] == organisation_code_check(inner[:8])
    _need(sound, Reason.ORGCODE)
    return {"org_code": inner, "region": region, "dept": value[0], "category": value[1]}


def _passport(value: str, _today: date) -> Parts:
    _need(len(value) == 9, Reason.LENGTH)  # noqa: PLR2004 - all series have 9 characters
    for series, form in _PASSPORTS.items():
        if re.fullmatch(form, value):
            return {"kind": series}
    raise IdentifierError(Reason.CHARSET)


def _mobile(value: str, _today: date) -> Parts:
    _need(re.fullmatch("[0-9]+", value) is not None, Reason.CHARSET)
    _need(len(value) == 11, Reason.LENGTH)  # noqa: PLR2004 - 1, then 10 digits
    _need(re.fullmatch("1[3-9][0-9]{9}", value) is not None, Reason.PREFIX)
    return {"e164": f"+86{value}"}


def _licence(value: str, today: date) -> Parts:
    root, parts = tuple(value.split(".")[:5]), value.split(".")[5:]
    _need(root == LICENCE_ROOT and len(parts) == 5, Reason.STRUCTURE)  # noqa: PLR2004 - GB/T 36904
    type_code, issuer, serial, version, check = parts
    _need(re.fullmatch("[0-9A-Z]{18}[0-9]{3}", type_code) is not None, Reason.TYPE)
    _need(_is_uscc(type_code[:18], today), Reason.TYPE_AUTHORITY)
    _need(_is_uscc(issuer, today), Reason.ISSUER)
    _need(re.fullmatch("[0-9A-Z]{1,40}", serial) is not None, Reason.SERIAL)
    _need(re.fullmatch("(?!000)[0-9]{3}", version) is not None, Reason.VERSION)
    _need(check == mod_37_36(type_code + issuer + serial + version), Reason.CHECK)
    return {"type_code": type_code, "issuer": issuer, "serial": serial, "version": int(version)}


def _implementation(value: str, today: date) -> Parts:
    _need(len(value) == 31, Reason.LENGTH)  # noqa: PLR2004 - 18, 1 and 12
    authority, level, basic = value[:18], value[18], value[19:]
    _need(_is_uscc(authority, today), Reason.AUTHORITY)
    _need(re.fullmatch("[0-9]{13}", level + basic) is not None, Reason.CHARSET)
    _need("1" <= level <= "7", Reason.LEVEL)
    _need(basic[:2] == "00" or int(basic[:2]) in PROVINCES, Reason.REGION)
    _need(int(basic[2:4]) in _ITEM_TYPES, Reason.ITEMTYPE)
    return {"authority": authority, "level": level, "basic_code": basic, "item_type": basic[2:4]}


def _is_uscc(value: str, today: date) -> bool:
    try:
        _uscc(value, today)
    except IdentifierError:
        return False
    return True


_RULES: Final[Mapping[IdentifierKind, Callable[[str, date], Parts]]] = {
    IdentifierKind.RESIDENT_ID: _resident_id,
    IdentifierKind.RESIDENT_ID_LEGACY: _legacy,
    IdentifierKind.HKMT_RESIDENCE_PERMIT: _hkmt,
    IdentifierKind.FOREIGN_PERMANENT_RESIDENT: _permanent_resident,
    IdentifierKind.ORGANISATION_CODE: _organisation_code,
    IdentifierKind.USCC: _uscc,
    IdentifierKind.PASSPORT_CN: _passport,
    IdentifierKind.MOBILE_CN: _mobile,
    IdentifierKind.ELECTRONIC_LICENCE_ID: _licence,
    IdentifierKind.IMPLEMENTATION_CODE: _implementation,
}
