"""Legal bases, cited everywhere by id: laws get renumbered, and only this table changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from policies.toml import keyed, read


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """An article of law.

    Attributes:
        id: How the data and consents cite it, such as ``pipl-23``.
        law_zh, law_en: Name of the law.
        article_zh, article_en: Article, such as ``第23条`` and ``art 23``.
        zh, en: What it says, in short and for people; a paraphrase, not the law.
    """

    id: str
    law_zh: str
    law_en: str
    article_zh: str
    article_en: str
    zh: str
    en: str


@cache
def legal_bases() -> Mapping[str, LegalBasis]:
    """Return every legal basis, by its id."""
    return MappingProxyType(parse_laws(read("laws.toml")))


def parse_laws(plain: Mapping[str, Any]) -> dict[str, LegalBasis]:
    """Return the legal bases of a data file.

    Raises:
        CatalogueError: A key is missing, unknown, or of another type.
    """
    found = {}
    for name, table in keyed(plain).items():
        found[name] = LegalBasis(
            id=name,
            law_zh=table.take("law_zh", str),
            law_en=table.take("law_en", str),
            article_zh=table.take("article_zh", str),
            article_en=table.take("article_en", str),
            zh=table.take("zh", str),
            en=table.take("en", str),
        )
        table.done()
    return found
