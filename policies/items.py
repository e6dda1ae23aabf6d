"""Service items: matters that departments handle, and the evidence each of them needs.

An item is the measure of over-asking: nobody gets more of a person's evidence for a case than
its Requirements name. The data are checked in full, across files, when they are first read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from policies.catalogue import EvidenceType, catalogue
from policies.departments import departments
from policies.errors import CatalogueError
from policies.laws import legal_bases
from policies.purposes import purposes
from policies.scopes import View
from policies.toml import Table, keyed, read

MAX_CODE_CHARACTERS: Final = 64
OWN_SCHEME: Final = "own"
GBT39554_SCHEME: Final = "GBT39554"

_PROVINCES: Final = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]"
_CODES: Final = MappingProxyType(
    {
        # Credit code 18, level 1-7, then region 2, item type 2 (01-10, 20-29) and 8 digits.
        GBT39554_SCHEME: rf"[0-9A-Z]{{18}}[1-7](?:00|{_PROVINCES})(?:0[1-9]|10|2[0-9])[0-9]{{8}}",
        OWN_SCHEME: rf"[0-9A-Za-z][0-9A-Za-z._-]{{0,{MAX_CODE_CHARACTERS - 1}}}",
    }
)


class Necessity(StrEnum):
    """Whether a case can be decided without."""

    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    EITHER_OR = "either_or"


class Consequence(IntEnum):
    """What a missing grant costs the case; the greater the worse."""

    NONE = 0
    STILL_DECIDABLE = 1
    SLOWER = 2
    NOT_POSSIBLE = 3

    @property
    def zh(self) -> str:
        """What the holder is told, in Chinese."""
        return ("不受影响", "仍可办理", "办理会变慢", "须用其他方式提供后才能办理")[self]

    @property
    def en(self) -> str:
        """What the holder is told, in English."""
        return (
            "no effect",
            "still decidable",
            "slower",
            "not possible unless brought another way",
        )[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Evidence that an item needs.

    Attributes:
        evidence: Catalogue code.
        view: Highest view that may be asked for.
        fields: Fields that may be asked for, in the order shown; none for ``verify``.
        group: Name of the either-or group, ``None`` elsewhere.
        legal_basis: Id in ``policies.laws``.
        lowest_trust: Lowest trust grade that satisfies it, A to D.
        without: What not granting it costs.
        other_way_zh, other_way_en: What the holder can do instead (PIPL 16).
    """

    evidence: str
    view: View
    fields: tuple[str, ...]
    necessity: Necessity
    group: str | None
    legal_basis: str
    lowest_trust: str
    without: Consequence
    other_way_zh: str
    other_way_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceItem:
    """A matter that one department handles.

    Attributes:
        code: Opaque, at most 64 characters; of GB/T 39554 only if ``scheme`` says so.
        department: Unified social credit code of the owner.
        applicants: ``person``, ``organisation`` or both.
        legal_bases: Ids in ``policies.laws``.
        statutory_days, promised_days: Working days; the promise is never the longer.
        requirements: By evidence code, in the order in which they are shown.
        result: Evidence type that a granted case produces.
    """

    code: str
    scheme: str
    name_zh: str
    name_en: str
    department: str
    applicants: frozenset[str]
    purposes: tuple[str, ...]
    legal_bases: tuple[str, ...]
    statutory_days: int
    promised_days: int
    requirements: Mapping[str, Requirement]
    result: str | None


@cache
def items() -> Mapping[str, ServiceItem]:
    """Return every service item, by its code."""
    return MappingProxyType(parse_items(read("items.toml")))


def service_item(code: str) -> ServiceItem:
    """Return the service item ``code``.

    Raises:
        CatalogueError: There is none.
    """
    found = items().get(code)
    if found is None:
        raise CatalogueError("there is no such service item", field="item")
    return found


def parse_items(plain: Mapping[str, Any]) -> dict[str, ServiceItem]:
    """Return the items of a data file.

    Raises:
        CatalogueError: A key is missing, unknown or of another type, or a rule is broken.
    """
    return {code: _parse_item(code, table) for code, table in keyed(plain).items()}


def _parse_item(code: str, table: Table) -> ServiceItem:
    parts = [_parse_requirement(one) for one in table.tables("requirements")]
    item = ServiceItem(
        code=code,
        scheme=table.take("scheme", str),
        name_zh=table.take("zh", str),
        name_en=table.take("en", str),
        department=table.take("department", str),
        applicants=frozenset(table.texts("applicants")),
        purposes=table.texts("purposes"),
        legal_bases=table.texts("legal_bases"),
        statutory_days=table.take("statutory_days", int),
        promised_days=table.take("promised_days", int),
        requirements=MappingProxyType({one.evidence: one for one in parts}),
        result=table.maybe("result", str),
    )
    table.done()
    kinds = [_offered(one.evidence) for one in parts]
    groups = [one.group for one in parts if one.group is not None]
    of_department = code.startswith(item.department) or item.scheme == OWN_SCHEME
    for kept, rule in (
        (re.fullmatch(_CODES.get(item.scheme, "-"), code), "the code is of its scheme"),
        (item.department in departments() and of_department, "the department is known"),
        (item.applicants and item.applicants <= {"person", "organisation"}, "who applies"),
        (all(k.fits(a) for k in kinds for a in item.applicants), "an applicant can hold it"),
        (item.purposes and purposes().keys() >= set(item.purposes), "a known purpose"),
        (item.legal_bases and legal_bases().keys() >= set(item.legal_bases), "a known law"),
        (1 <= item.promised_days <= item.statutory_days, "promised is at most statutory"),
        (len(item.requirements) == len(parts), "an evidence type is required once"),
        (all(groups.count(one) > 1 for one in groups), "a choice has two sides"),
        (item.result is None or _offered(item.result), "the result is offered"),
    ):
        if not kept:
            raise CatalogueError(f"{code} breaks a rule: {rule}")
    return item


def _parse_requirement(table: Table) -> Requirement:
    try:
        found = Requirement(
            evidence=table.take("evidence", str),
            view=View.of(table.take("view", str)),
            fields=table.texts("fields", default=[]),
            necessity=Necessity(table.take("necessity", str)),
            group=table.maybe("group", str),
            legal_basis=table.take("legal_basis", str),
            lowest_trust=table.take("lowest_trust", str),
            without=Consequence[table.take("without", str).upper()],
            other_way_zh=table.take("other_way_zh", str),
            other_way_en=table.take("other_way_en", str),
        )
    except (KeyError, ValueError) as error:
        raise CatalogueError(f"{table.where}: no such necessity or consequence") from error
    table.done()
    kind = _offered(found.evidence)
    optional = found.necessity is Necessity.OPTIONAL
    for kept, rule in (
        (found.view in kind.views, "the view is permitted for the type"),
        (kind.fields.keys() >= set(found.fields), "the fields are in the catalogue"),
        (bool(found.fields) == (found.view is not View.VERIFY), "verify takes no fields"),
        ((found.group is None) == (found.necessity is not Necessity.EITHER_OR), "groups"),
        (found.legal_basis in legal_bases(), "a proof is demanded by law (Order 722 art 44)"),
        (found.lowest_trust in {"A", "B", "C", "D"}, "the grade is A to D"),
        (found.without is not Consequence.NONE, "what is needed is missed"),
        (not optional or found.without is not Consequence.NOT_POSSIBLE, "optional means it"),
    ):
        if not kept:
            raise CatalogueError(f"{table.where} breaks a rule: {rule}")
    return found


def _offered(code: str) -> EvidenceType:
    kind = catalogue().get(code)
    if kind is None or not kind.offered:
        raise CatalogueError(f"{code} is not offered")
    return kind
