"""Values of the catalogue, written for people: days in words, lists in a line, numbers hidden.

A number that names a person or an account is first shown masked; a tap shows it whole.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from api.portal.language import Language
from api.portal.views import Fact
from policies.catalogue import catalogue
from policies.fields import Field, Kind
from vault.clock import LEGAL_ZONE, MS
from vault.masking import MASKS
from vault.records import FieldValue

_HIDDEN_FIRST: Final = frozenset({"account", "document_number", "mobile"})


def facts_of(
    code: str, fields: Mapping[str, FieldValue], *, language: Language, hide: bool = True
) -> tuple[Fact, ...]:
    """Return the fields of a record as facts, in the order of the catalogue.

    Args:
        code: Evidence code.
        fields: Field name to value, as opened or as it would be released.
        language: In which labels and values are written.
        hide: Show numbers masked first; without it, exactly as they are.
    """
    known = catalogue()[code].fields
    return tuple(
        _fact(known[name], fields[name], language=language, hide=hide)
        for name in known
        if name in fields
    )


def written(field: Field, value: FieldValue, *, language: Language) -> str:
    """Return one value in words; what cannot be read as its kind is shown as it came."""
    if isinstance(value, bool):
        return language.say("是") if value else language.say("否")
    if isinstance(value, tuple):
        return language.joined(value)
    text = str(value)
    if field.kind is Kind.IMAGE:
        return language.say("见附件 %(number)s", number=text.removeprefix("file:"))
    try:
        return _dated(field.kind, text, language=language)
    except ValueError:
        return text  # Masked values keep the kind of the field they come from.


def _fact(field: Field, value: FieldValue, *, language: Language, hide: bool) -> Fact:
    hidden = ""
    if hide and field.mask in _HIDDEN_FIRST and isinstance(value, str):
        hidden = MASKS[field.mask](value)
    return Fact(
        label=language.pick(field.zh, field.en),
        value=written(field, value, language=language),
        hidden=hidden,
    )


def _dated(kind: Kind, text: str, *, language: Language) -> str:
    if kind is Kind.DATE:
        return language.day(date.fromisoformat(text))
    if kind is Kind.DATETIME:
        moment = datetime.fromisoformat(text)
        return language.at(int(moment.astimezone(LEGAL_ZONE).timestamp()) * MS).text
    return text
