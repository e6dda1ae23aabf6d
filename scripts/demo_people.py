"""Synthetic people and their evidence, as data: those of the demonstration, and of others."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from policies.catalogue import evidence_type
from policies.departments import departments
from vault.identifiers import IdentifierKind
from vault.records import FieldValue, RecordStatus

DEMO: Final = Path(__file__).with_name("demo_people.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person or enterprise that does not exist.

    Attributes:
        contact: Where one-time codes would go.
    """

    key: str
    kind: IdentifierKind
    number: str
    name: str
    contact: str

    @property
    def holder_kind(self) -> str:
        """``person`` or ``organisation``."""
        return "organisation" if self.kind is IdentifierKind.USCC else "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One piece of evidence to deposit.

    Attributes:
        issuer: Code of the department that deposits it.
        told: Left to the story; everything else is there from the first start.
        status: It is deposited as valid, and then brought to this.
    """

    holder: Somebody
    code: str
    issuer: str
    told: bool
    status: RecordStatus
    valid_from: date | None
    valid_to: date | None
    fields: Mapping[str, FieldValue] = field(repr=False)


@cache
def people(path: Path = DEMO) -> Mapping[str, Somebody]:
    """Return the synthetic people of a file, by their role."""
    return {
        key: Somebody(
            key=key,
            kind=IdentifierKind(one["kind"]),
            number=one["number"],
            name=one["name"],
            contact=one["contact"],
        )
        for key, one in read_people(path).items()
        if key != "evidence"
    }


@cache
def papers(path: Path = DEMO) -> tuple[Paper, ...]:
    """Return what the departments know of them, checked against the catalogue."""
    return tuple(
        Paper(
            holder=people(path)[one["holder"]],
            code=one["code"],
            issuer=next(code for code, d in departments().items() if one["code"] in d.issues),
            told=one.get("told", False),
            status=RecordStatus(one.get("status", RecordStatus.VALID)),
            valid_from=one.get("valid_from"),
            valid_to=one.get("valid_to"),
            fields=evidence_type(one["code"]).validate(one["fields"], issuing=True),
        )
        for one in read_people(path)["evidence"]
    )


@cache
def read_people(path: Path) -> Mapping[str, Any]:
    """Return a file of people as it stands: tables by role, and their evidence."""
    return tomllib.loads(path.read_text("utf-8"))
