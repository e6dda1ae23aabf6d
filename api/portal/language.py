"""The reader's language: Chinese is the source, English a catalogue, and nothing half of each.

``locale/en.po`` is read when the application starts; no compiled file is kept. Days and times
are shown where the law counts them.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, Protocol

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from api.portal.views import When
from vault.clock import LEGAL_ZONE, MS, instant

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
CODES: Final = (CHINESE, ENGLISH)
"""Languages of the portal; the first is the source and the default."""

LANGUAGE_COOKIE: Final = "vault-language"

_HERE: Final = Path(__file__).parent
_FORMATS: Final = {
    CHINESE: (Locale("zh", "CN", script="Hans"), "y年M月d日", "y年M月d日 HH:mm"),
    ENGLISH: (Locale("en", "GB"), "d MMMM y", "d MMMM y, HH:mm"),
}


class Bilingual(Protocol):
    """Whatever the catalogues write in both languages."""

    @property
    def zh(self) -> str:
        """Chinese."""

    @property
    def en(self) -> str:
        """English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of the portal.

    Attributes:
        code: One of ``CODES``; the value of ``<html lang>``.
        texts: Translations of the Chinese source.
    """

    code: str
    texts: NullTranslations = field(repr=False)

    @property
    def other(self) -> str:
        """Return the code of the other language."""
        return CHINESE if self.code == ENGLISH else ENGLISH

    def say(self, source: str, **values: str | int) -> str:
        """Return the translation of ``source`` with its ``%(name)s`` places filled."""
        text = self.texts.gettext(source)
        return text % values if values else text

    def counted(self, source: str, number: int) -> str:
        """Return the translation of ``source`` for ``number``, which stands in it as ``num``."""
        return self.texts.ngettext(source, source, number) % {"num": number}

    def of(self, text: Bilingual) -> str:
        """Return the side of ``text`` that is in this language."""
        return text.en if self.code == ENGLISH else text.zh

    def pick(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language; Chinese where English is empty."""
        return (en or zh) if self.code == ENGLISH else zh

    def day(self, day: date) -> str:
        """Return a calendar day in words."""
        locale, pattern, _ = _FORMATS[self.code]
        return format_date(day, pattern, locale=locale)

    def on(self, day: date) -> When:
        """Return a calendar day for a page."""
        return When(text=self.day(day), iso=day.isoformat())

    def at(self, at_ms: int) -> When:
        """Return an instant, given in UTC milliseconds, for a page."""
        moment = instant(at_ms)
        locale, _, pattern = _FORMATS[self.code]
        text = format_datetime(moment, pattern, tzinfo=LEGAL_ZONE, locale=locale)
        return When(text=text, iso=moment.isoformat(timespec="seconds"))

    def until(self, at_seconds: int) -> When:
        """Return the end of a range, given in UTC seconds, for a page."""
        return self.at(at_seconds * MS)

    def joined(self, parts: tuple[str, ...]) -> str:
        """Return a list in one line."""
        return (", " if self.code == ENGLISH else "、").join(parts)

    def spaced(self, sentences: tuple[str, ...]) -> str:
        """Return sentences as one paragraph; empty ones are left out."""
        return (" " if self.code == ENGLISH else "").join(filter(None, sentences))


@cache
def languages() -> dict[str, Language]:
    """Return both languages, by code; reads the catalogue once."""
    with (_HERE / "locale" / "en.po").open("rb") as file:
        catalogue = read_po(file, locale="en", abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return {
        CHINESE: Language(code=CHINESE, texts=NullTranslations()),
        ENGLISH: Language(code=ENGLISH, texts=GNUTranslations(compiled)),
    }


def choose(*, asked: str | None, kept: str | None, accepts: str) -> Language:
    """Return the language for a request.

    Args:
        asked: ``?lang=`` of the address.
        kept: The cookie ``LANGUAGE_COOKIE``.
        accepts: ``Accept-Language``; only the order of its entries counts (RFC 9110 s. 12.5.4
            quality values are sent in falling order by every browser).
    """
    known = languages()
    for code in (asked, kept):
        if code in known:
            return known[code]
    for entry in accepts.lower().split(","):
        tag = entry.split(";")[0].strip()
        if tag.startswith("zh"):
            return known[CHINESE]
        if tag.startswith("en"):
            return known[ENGLISH]
    return known[CHINESE]
