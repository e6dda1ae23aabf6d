"""The evidence catalogue: what kinds of evidence exist, their fields, levels and scopes.

41 types are loaded; the 30 of release 1 are offered. The data lie in ``policies/data``, one
file for each group, and are checked in full when they are first read.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from policies.errors import CatalogueError
from policies.fields import Field, FieldValue, parse_field
from policies.scopes import GROUPS, EvidenceScope, View
from policies.toml import Table, keyed, read

MAX_PAYLOAD_BYTES: Final = 1024 * 1024
"""Canonical JSON of all fields of one record."""

SENSITIVE_LEVEL: Final = 4
THIS_RELEASE: Final = 1

_PREFIXES: Final = MappingProxyType(
    {"identity": "ID", "licence": "LC", "credit": "CR", "service_result": "SR", "material": "MT"}
)


class HolderKinds(StrEnum):
    """Whose evidence it can be."""

    PERSON = "person"
    ORGANISATION = "organisation"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceType:
    """A catalogue entry.

    Attributes:
        code: This project's own code, such as ``ID01``.
        level: 1 public, 2 conditional, 3 personal, 4 sensitive.
        views: What may ever be granted of it.
        validity: Usual validity, ISO 8601 duration such as ``P10Y``; ``None`` has no end.
            The issuer's dates win.
        trust_grade: Usual grade, A to D; the record's own grade wins.
        two_subject: Somebody else than the holder is inside (PIPL 23).
        fields: By name, in the order in which they are shown.
    """

    code: str
    group: str
    slug: str
    name_zh: str
    name_en: str
    holder_kind: HolderKinds
    issuer_zh: str
    issuer_en: str
    national_type_code: str | None
    level: int
    views: frozenset[View]
    validity: str | None
    trust_grade: str
    release: int
    two_subject: bool
    fields: Mapping[str, Field]

    @property
    def offered(self) -> bool:
        """Whether it may be asked for and deposited in this release."""
        return self.release <= THIS_RELEASE

    @property
    def sensitive(self) -> bool:
        """Whether it is sensitive personal information (PIPL 28), asked for on its own."""
        return self.level >= SENSITIVE_LEVEL

    def fits(self, holder_kind: str) -> bool:
        """Say whether a ``person`` or an ``organisation`` can hold it."""
        return self.holder_kind in (HolderKinds.BOTH, holder_kind)

    def scope(self, view: View) -> EvidenceScope:
        """Return the scope for one view of it."""
        return EvidenceScope(group=self.group, slug=self.slug, view=view)

    def validate(self, payload: Mapping[str, object], *, issuing: bool) -> dict[str, FieldValue]:
        """Return the payload in the order of the catalogue, each value checked.

        Args:
            payload: Field name to JSON scalar or list of texts.
            issuing: The issuing department deposits, so no required field may be missing.

        Raises:
            CatalogueError: A field is unknown, missing, or its value may not stand in it; or
                the whole exceeds 1 MiB. The error names the field.
        """
        for name in payload:
            if name not in self.fields:
                raise CatalogueError(f"{self.code} has no such field", field=_shown(name))
        missing = [f.name for f in self.fields.values() if f.required and f.name not in payload]
        if issuing and missing:
            raise CatalogueError(f"{missing[0]} is required on issue", field=missing[0])
        found = {n: f.check(payload[n]) for n, f in self.fields.items() if n in payload}
        if len(_canonical(found)) > MAX_PAYLOAD_BYTES:
            raise CatalogueError(f"{self.code} holds at most {MAX_PAYLOAD_BYTES} bytes")
        return found


@cache
def catalogue() -> Mapping[str, EvidenceType]:
    """Return every evidence type, by its code."""
    found: dict[str, EvidenceType] = {}
    for group in GROUPS:
        found.update(parse_group(read(f"{group}.toml"), group=group))
    return MappingProxyType(found)


def evidence_type(code: str) -> EvidenceType:
    """Return the evidence type ``code``.

    Raises:
        CatalogueError: There is none.
    """
    found = catalogue().get(code)
    if found is None:
        raise CatalogueError("there is no such evidence type", field="code")
    return found


def type_of_scope(scope: EvidenceScope) -> EvidenceType:
    """Return the evidence type that ``scope`` names.

    Raises:
        CatalogueError: There is none, or it is never shown in that view.
    """
    found = _by_slug().get((scope.group, scope.slug))
    if found is None or scope.view not in found.views:
        raise CatalogueError("there is no such evidence type in that view", field="scope")
    return found


def parse_group(plain: Mapping[str, Any], *, group: str) -> dict[str, EvidenceType]:
    """Return the evidence types of one data file.

    Raises:
        CatalogueError: A key is missing, unknown or of another type, or a rule is broken.
    """
    found = {code: _parse_type(code, table, group) for code, table in keyed(plain).items()}
    if len({one.slug for one in found.values()}) != len(found):
        raise CatalogueError(f"{group}: a slug is used twice")
    return found


@cache
def _by_slug() -> Mapping[tuple[str, str], EvidenceType]:
    return {(one.group, one.slug): one for one in catalogue().values()}


def _parse_type(code: str, table: Table, group: str) -> EvidenceType:
    fields = [parse_field(line) for line in table.tables("fields")]
    try:
        found = EvidenceType(
            code=code,
            group=group,
            slug=table.take("slug", str),
            name_zh=table.take("zh", str),
            name_en=table.take("en", str),
            holder_kind=HolderKinds(table.take("holder_kind", str)),
            issuer_zh=table.take("issuer_zh", str),
            issuer_en=table.take("issuer_en", str),
            national_type_code=table.maybe("national_type_code", str),
            level=table.take("level", int),
            views=frozenset(map(View.of, table.texts("views"))),
            validity=table.maybe("validity", str),
            trust_grade=table.take("trust_grade", str),
            release=table.take("release", int),
            two_subject=table.take("two_subject", bool, default=False),
            fields=MappingProxyType({f.name: f for f in fields}),
        )
    except ValueError as error:
        raise CatalogueError(f"{code}: no such kind of holder") from error
    table.done()
    others = any(f.other_person for f in fields)
    for broken, rule in (
        (re.fullmatch(rf"{_PREFIXES[group]}[0-9]{{2}}", code) is None, "the code is of its group"),
        (re.fullmatch(r"[a-z][a-z0-9_]{0,63}", found.slug) is None, "the slug fits a scope"),
        (len(found.fields) != len(fields), "a field is named twice"),
        (not 1 <= found.level <= SENSITIVE_LEVEL, "the level is 1 to 4"),
        (found.trust_grade not in {"A", "B", "C", "D"}, "the grade is A to D"),
        (found.release < THIS_RELEASE, "the release is 1 or later"),
        (not found.views, "there is a view"),
        (re.fullmatch(r"P[1-9][0-9]*[YMD]", found.validity or "P1Y") is None, "ISO 8601 duration"),
        (others and not found.two_subject, "somebody else is inside"),
    ):
        if broken:
            raise CatalogueError(f"{code}: {rule}")
    return found


def _canonical(fields: Mapping[str, FieldValue]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _shown(name: object) -> str:
    """Return a field name that is safe to show, for it may be anything."""
    return name if isinstance(name, str) and re.fullmatch(r"[a-z0-9_]{1,64}", name) else "?"
