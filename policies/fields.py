"""One field of an evidence type: what may stand in it, and how it is masked.

Values are JSON scalars, or lists of text. Dates, months and amounts are texts in one exact
form, so that a value has one spelling: it is sealed, hashed and compared as it came.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from policies.errors import CatalogueError
from policies.toml import Table

FieldValue = str | int | bool | tuple[str, ...]

MASKS: Final = frozenset(
    {
        "account",
        "address",
        "birth_date",
        "document_number",
        "email",
        "mobile",
        "name",
        "other_person_name",
        "public",
        "starred",
    }
)
"""How a field is shown in the view ``summary`` (domain.md 1.6); ``public`` is as it is."""

MAX_ITEMS: Final = 100
"""Texts in a list."""

MAX_CHARACTERS: Final = 100_000
"""No catalogue entry may allow a longer text."""

_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Characters that nobody sees, and those that turn the direction of writing."""


class Kind(StrEnum):
    """What a value is, and how it is written."""

    TEXT = "text"
    CODE = "code"
    PERSON_NAME = "person_name"
    DOCUMENT_NUMBER = "document_number"
    DATE = "date"
    DATETIME = "datetime"
    MONTH = "month"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    IMAGE = "image"
    DIGEST = "digest"


_FORMS: Final[Mapping[Kind, tuple[str, int]]] = MappingProxyType(
    {
        Kind.TEXT: (rf"(?:\n|[^{_CONTROLS}])+", 200),
        Kind.CODE: (rf"[^{_CONTROLS}]+", 64),
        Kind.PERSON_NAME: (r"[^\W\d_](?:[^\W\d_]|[·.'’ -])*", 100),  # noqa: RUF001 - in names
        Kind.DOCUMENT_NUMBER: (r"[0-9A-Z]+", 40),
        Kind.DATE: (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", 10),
        Kind.DATETIME: (
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|\+08:00)",
            25,
        ),
        Kind.MONTH: (r"[0-9]{4}-(?:0[1-9]|1[0-2])", 7),
        Kind.DECIMAL: (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]{1,6})?", 24),
        Kind.LIST: (rf"[^{_CONTROLS}]+", 64),
        Kind.IMAGE: (r"file:[1-9][0-9]?", 7),
        Kind.DIGEST: (r"[0-9a-f]{64}", 64),
    }
)
"""Pattern and greatest length of each kind that is a text, where a field says nothing else.

An image is ``file:<n>``, the number of a file of the same record; its bytes stay a file.
"""

_READERS: Final[Mapping[Kind, Callable[[str], object]]] = MappingProxyType(
    {
        Kind.DATE: date.fromisoformat,
        Kind.DATETIME: datetime.fromisoformat,
        Kind.MONTH: lambda text: date.fromisoformat(f"{text}-01"),
    }
)
"""Kinds of which the pattern alone would let the 30th of February pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an evidence type.

    Attributes:
        name: Key in the payload and in grants.
        mask: One of ``MASKS``.
        required: Must be there when the issuing department deposits; never on receipt.
        max_length: Characters of a text, or of each text of a list.
        pattern: What a text, or each text of a list, must match in full.
        minimum, maximum: Bounds of an integer or decimal, inclusive.
        other_person: About somebody else than the holder (PIPL 23): masked in every view
            unless that person consents too.
    """

    name: str
    zh: str
    en: str
    kind: Kind
    mask: str
    required: bool
    max_length: int
    pattern: str
    minimum: Decimal | None
    maximum: Decimal | None
    other_person: bool

    def check(self, value: object) -> FieldValue:
        """Return ``value`` if it may stand in this field; a list becomes a tuple.

        Raises:
            CatalogueError: It may not; the error names the field and the rule, never the value.
        """
        if self.kind is Kind.BOOLEAN:
            if type(value) is not bool:
                raise self._error("is true or false")
            return value
        if self.kind is Kind.INTEGER:
            if type(value) is not int:
                raise self._error("is an integer")
            self._bound(Decimal(value))
            return value
        if self.kind is Kind.LIST:
            if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_ITEMS:
                raise self._error(f"is a list of 1 to {MAX_ITEMS} texts")
            return tuple(self._text(item) for item in value)
        return self._text(value)

    def _text(self, value: object) -> str:
        if type(value) is not str:
            raise self._error("is a text")
        if len(value) > self.max_length:
            raise self._error(f"has at most {self.max_length} characters")
        if re.fullmatch(self.pattern, value) is None:
            raise self._error(f"is not written as a {self.kind.value}")
        try:
            _READERS.get(self.kind, str)(value)
        except ValueError as error:
            raise self._error("is no day of the calendar") from error
        if self.kind is Kind.DECIMAL:
            self._bound(Decimal(value))
        return value

    def _bound(self, value: Decimal) -> None:
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise self._error(f"lies between {low} and {high}")

    def _error(self, rule: str) -> CatalogueError:
        return CatalogueError(f"{self.name} {rule}", field=self.name)


def parse_field(table: Table) -> Field:
    """Return the field that a line of the catalogue describes.

    Raises:
        CatalogueError: A key is missing, unknown or of another type, or a rule is broken.
    """
    try:
        kind = Kind(table.take("kind", str))
    except ValueError as error:
        raise CatalogueError(f"{table.where}: unknown kind") from error
    pattern, length = _FORMS.get(kind, ("", 0))
    low, high = _bounds(table, kind)
    found = Field(
        name=table.take("name", str),
        zh=table.take("zh", str),
        en=table.take("en", str),
        kind=kind,
        mask=table.take("mask", str),
        required=table.take("required", bool, default=True),
        max_length=table.take("max_length", int, default=length),
        pattern=table.take("pattern", str, default=pattern) if pattern else "",
        minimum=low,
        maximum=high,
        other_person=table.take("other_person", bool, default=False),
    )
    table.done()
    if found.mask not in MASKS or (found.other_person and found.mask == "public"):
        raise CatalogueError(f"{table.where}: no such mask, or somebody else unmasked")
    if re.fullmatch(r"[a-z][a-z0-9_]{0,63}", found.name) is None:
        raise CatalogueError(f"{table.where}: a name is lower-case, digits and underscores")
    if not (0 < found.max_length <= MAX_CHARACTERS if pattern else found.max_length == 0):
        raise CatalogueError(f"{table.where}: max_length is out of range")
    _compiles(found.pattern, where=table.where)
    return found


def _bounds(table: Table, kind: Kind) -> tuple[Decimal | None, Decimal | None]:
    if kind is Kind.INTEGER:
        low, high = Decimal(table.take("minimum", int)), Decimal(table.take("maximum", int))
    elif kind is Kind.DECIMAL:
        texts = table.take("minimum", str), table.take("maximum", str)
        if not all(re.fullmatch(_FORMS[kind][0], text) for text in texts):
            raise CatalogueError(f"{table.where}: a bound is not a decimal")
        low, high = map(Decimal, texts)
    else:
        return None, None
    if low > high:
        raise CatalogueError(f"{table.where}: minimum above maximum")
    return low, high


def _compiles(pattern: str, *, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise CatalogueError(f"{where}: the pattern does not compile") from error
