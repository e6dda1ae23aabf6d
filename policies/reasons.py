"""What is said to people about each reason of a refusal, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from policies.toml import keyed, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A sentence for one ``@id``.

    Attributes:
        concealed: Telling it would betray that something exists: answer "not found" instead.
    """

    id: str
    zh: str
    en: str
    concealed: bool


@cache
def reasons() -> Mapping[str, Reason]:
    """Return every reason, by its id."""
    return MappingProxyType(parse_reasons(read("reasons.toml")))


def parse_reasons(plain: Mapping[str, Any]) -> dict[str, Reason]:
    """Return the reasons of a data file.

    Raises:
        CatalogueError: A key is missing, unknown, or of another type.
    """
    found = {}
    for name, table in keyed(plain).items():
        found[name] = Reason(
            id=name,
            zh=table.take("zh", str),
            en=table.take("en", str),
            concealed=table.take("concealed", bool, default=False),
        )
        table.done()
    return found


def concealed(fired: tuple[str, ...]) -> bool:
    """Say whether any of ``fired`` would betray that something exists; an unknown one might."""
    known = reasons()
    return any(one not in known or known[one].concealed for one in fired)
