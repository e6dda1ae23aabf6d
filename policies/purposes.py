"""Purposes: what a grant may be for, and how long at most the recipient keeps what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from policies.errors import CatalogueError
from policies.toml import keyed, read

LONGEST_RETENTION_DAYS: Final = 3 * 366
"""No purpose keeps evidence at a department for more than about three years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A purpose (PIPL 6).

    Attributes:
        code: As in ``purpose.code`` of a request for consent.
        max_retention_days: Greatest ``retention_days`` that may be asked for (PIPL 19).
    """

    code: str
    zh: str
    en: str
    max_retention_days: int


@cache
def purposes() -> Mapping[str, Purpose]:
    """Return every purpose, by its code."""
    return MappingProxyType(parse_purposes(read("purposes.toml")))


def parse_purposes(plain: Mapping[str, Any]) -> dict[str, Purpose]:
    """Return the purposes of a data file.

    Raises:
        CatalogueError: A key is missing, unknown or of another type, or out of range.
    """
    found = {}
    for code, table in keyed(plain).items():
        purpose = Purpose(
            code=code,
            zh=table.take("zh", str),
            en=table.take("en", str),
            max_retention_days=table.take("max_retention_days", int),
        )
        table.done()
        if not 1 <= purpose.max_retention_days <= LONGEST_RETENTION_DAYS:
            raise CatalogueError(f"{code}: the retention is out of range")
        found[code] = purpose
    return found
