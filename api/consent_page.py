"""The consent screen as a value: everything that it must show, in both languages.

What the holder decides on is ``ConsentPage.text``; its hash stands in the form and in the
consent, so a page renders these values and nothing that is not among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from policies.scopes import View
from vault.ids import RecordId
from vault.journal.plain import Plain, canonical_json

LOCALES: Final = ("zh-CN", "en")
"""What a page can be shown in; the first is the default."""


class Text(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str

    def of(self, locale: str) -> str:
        """Return the text for one of ``LOCALES``."""
        return self.en if locale == "en" else self.zh


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """One catalogue field that would leave.

    Attributes:
        other_person: It is about somebody else, and masked in every view (PIPL 23).
    """

    name: str
    label: Text
    other_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceShown:
    """One evidence type that is asked for, as the holder sees it.

    Attributes:
        level: Sensitivity, 1 to 4.
        record_id: The record that would answer; ``None`` where none is held.
        status: Code of GB/T 36903; empty where none is held.
        updated_at_ms: When the issuer last wrote it.
        views: What can be granted, the smallest first; the last one was asked for.
        fields: What would leave at most; empty for ``verify``.
        necessity: Mandatory, optional or one of several; with what it means to leave it out.
        legal: Why the item may ask for it.
        other_way: How to bring it instead (PIPL 16).
    """

    code: str
    label: Text
    issuer: Text
    level: int
    record_id: RecordId | None
    status: str
    updated_at_ms: int | None
    views: tuple[View, ...]
    fields: tuple[FieldShown, ...]
    necessity: Text
    legal: Text
    other_way: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowShown:
    """Where a request began that did not begin in this browser.

    Attributes:
        kind: ``device`` for a kiosk, ``ciba`` for a counter.
        place: Where the kiosk or counter stands, as registered; empty where nothing is.
        asked_at: When it began, UTC seconds.
        message: The counter's words, without the number in them.
        numbers: The number on the counter's screen, and others; empty at a kiosk.
    """

    kind: str
    place: str
    asked_at: int
    message: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """Everything that the consent screen must show (domain.md 5.5, oauth.md 7), in order.

    Attributes:
        note: The department's own words why: quote them, escaped, as theirs.
        starts_at, ends_at: UTC seconds.
        uses: Releases of each evidence type; ``None`` is as often as the case needs.
        ongoing: That the holder need not be there each time; ``None`` where it is for once.
        renews: Which consent of before it would take the place of; ``None`` for none.
        identity: What the department learns of who signed in; ``None`` where it asks for nothing.
        refusal, withdrawal, rights: What happens without consent, how to take it back, where
            to complain.
        locale: The language that the department asked for, or the default.
        redirect_origin: Where the decision leads; for ``form-action`` of this page's CSP.
        expires_at: Until when it can be decided, UTC seconds.
        window: Where it began; ``None`` where that was in this browser.
    """

    interaction_id: bytes
    department: Text
    department_contact: str
    privacy_officer: str
    client: Text
    item: Text
    case_no: str = field(repr=False)
    purpose: Text
    note: str = field(repr=False)
    legal: Text
    evidence: tuple[EvidenceShown, ...]
    starts_at: int
    ends_at: int
    uses: int | None
    retention_days: int
    ongoing: Text | None = None
    renews: Text | None = None
    identity: Text | None = None
    refusal: Text
    withdrawal: Text
    rights: Text
    locale: str
    redirect_origin: str
    expires_at: int
    window: WindowShown | None = None

    def text(self, locale: str) -> bytes:
        """Return, as canonical JSON, exactly what is shown in ``locale``."""
        return canonical_json({"locale": locale, "page": _plain(self, locale)})

    def shown_hash(self, locale: str) -> bytes:
        """Return the SHA-256 of ``text``: it stands in the consent, and in the form."""
        return sha256(self.text(locale)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the holder leaves of one evidence type; ``fields`` is empty for ``verify``."""

    view: View
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A consent, as narrow as the holder made it; ``None`` leaves what was asked for.

    Attributes:
        evidence: By code; what is missing is not granted.
    """

    evidence: Mapping[str, Chosen]
    ends_at: int | None = None
    uses: int | None = None
    retention_days: int | None = None


def _plain(value: object, locale: str) -> Plain:
    if isinstance(value, Text):
        return value.of(locale)
    if isinstance(value, View):
        return value.label
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(part, locale) for part in value]
    if isinstance(value, (EvidenceShown, FieldShown, WindowShown, ConsentPage)):
        slots: Any = value.__slots__
        return {name: _plain(getattr(value, name), locale) for name in slots}
    if isinstance(value, (str, int)) or value is None:
        return value
    raise TypeError(type(value).__name__)


def origin_of(uri: str) -> str:
    """Return scheme, host and port of an absolute address."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
