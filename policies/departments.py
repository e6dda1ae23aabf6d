"""The departments of the demonstration, synthetic, by unified social credit code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from policies.catalogue import catalogue
from policies.errors import CatalogueError
from policies.toml import keyed, read


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDepartment:
    """A department that the shipped data speak of.

    Attributes:
        code: Unified social credit code (GB 32100), 18 characters.
        issues: Codes of the evidence it deposits.
    """

    code: str
    zh: str
    en: str
    issues: tuple[str, ...]


@cache
def departments() -> Mapping[str, KnownDepartment]:
    """Return every department of the shipped data, by its code."""
    return MappingProxyType(parse_departments(read("departments.toml")))


def parse_departments(plain: Mapping[str, Any]) -> dict[str, KnownDepartment]:
    """Return the departments of a data file.

    Raises:
        CatalogueError: A key is missing, unknown or of another type; a code is malformed; or
            a department issues what is not offered.
    """
    found = {}
    for code, table in keyed(plain).items():
        department = KnownDepartment(
            code=code,
            zh=table.take("zh", str),
            en=table.take("en", str),
            issues=table.texts("issues"),
        )
        table.done()
        if re.fullmatch(r"[0-9A-Z]{18}", code) is None:
            raise CatalogueError(f"{code}: a department is named by 18 characters")
        if not all(one in catalogue() and catalogue()[one].offered for one in department.issues):
            raise CatalogueError(f"{code} issues what is not offered")
        found[code] = department
    return found
