"""How values are shown where the whole value is not needed (domain.md 1.6).

The view ``summary``, screens and notices use these. A masked number stays personal data and
is never accepted as proof.
"""

from collections.abc import Callable, Mapping
from typing import Final

from vault.identifiers.reasons import IdentifierKind
from vault.identifiers.strict import Identifier

_STAR: Final = "*"
_PUBLIC_KINDS: Final = frozenset({IdentifierKind.USCC, IdentifierKind.ORGANISATION_CODE})


def mask_identifier(identifier: Identifier) -> str:
    """Return a number as shown to others: public kinds whole, persons' masked."""
    if identifier.kind in _PUBLIC_KINDS:
        return identifier.value
    if identifier.kind is IdentifierKind.MOBILE_CN:
        return mask_mobile(identifier.value)
    return mask_document_number(identifier.value)


def mask_document_number(value: str) -> str:
    """Return first and last character with stars between, in the same length."""
    if len(value) <= 2:  # noqa: PLR2004 - nothing would be hidden
        return _STAR * len(value)
    return value[0] + _STAR * (len(value) - 2) + value[-1]


def mask_name(value: str) -> str:
    """Return the first character and two stars, whatever the length."""
    return value[:1] + _STAR * 2 if value else ""


def mask_mobile(value: str) -> str:
    """Return ``130****0000``; also for E.164."""
    digits = value.removeprefix("+86")
    if len(digits) < 11:  # noqa: PLR2004 - not a mobile number: hide it whole
        return _STAR * len(digits)
    return digits[:3] + _STAR * 4 + digits[-4:]


def mask_account(value: str) -> str:
    """Return stars and the last four characters; short accounts are hidden whole."""
    if len(value) <= 4:  # noqa: PLR2004
        return _STAR * len(value)
    return _STAR * (len(value) - 4) + value[-4:]


def mask_birth_date(value: str) -> str:
    """Return the year alone."""
    return value[:4]


def mask_address(value: str) -> str:
    """Return an address down to the county: the first 县, 区, 市 or 旗 behind the city."""
    searched = value.replace("自治区", "自治省")  # The 区 of a province ends no county.
    ends = [at for mark in "区县旗" if (at := searched.find(mark)) >= 0]
    if ends:
        return value[: min(ends) + 1] + _STAR * 3
    city = value.find("市")
    return (value[: city + 1] if city >= 0 else "") + _STAR * 3


def mask_email(value: str) -> str:
    """Return ``z***@example.org``."""
    name, at, host = value.partition("@")
    return f"{name[:1]}{_STAR * 3}{at}{host}" if at else _STAR * 3


def mask_whole(value: str) -> str:
    """Return one star for each character."""
    return _STAR * len(value)


def keep(value: str) -> str:
    """Return a public value as it is."""
    return value


MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    "name": mask_name,
    "document_number": mask_document_number,
    "mobile": mask_mobile,
    "account": mask_account,
    "birth_date": mask_birth_date,
    "address": mask_address,
    "email": mask_email,
    "other_person_name": mask_name,
    "starred": mask_whole,
    "public": keep,
}
"""Masks by the names that the evidence catalogue uses."""
