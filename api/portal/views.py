"""What pages show: frozen values, already in the reader's language, with nothing lazy in them.

A template prints these and decides nothing. Times come as text beside their ISO form, links as
paths, states as a ``Badge``; a value that is not here cannot reach a page.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Tone(StrEnum):
    """How a badge or a note feels; the word in it says the same."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A state in one or two words."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """An instant or a day: for people, and as ISO 8601 for machines."""

    text: str
    iso: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fact:
    """One labelled value.

    Attributes:
        hidden: The masked form shown first; empty where the value is shown at once.
    """

    label: str
    value: str
    hidden: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a question."""

    value: str
    label: str
    chosen: bool = False


# -- signing in --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignInView:
    """The form for the number; ``trouble`` says what to mend, ``reason`` why it is asked."""

    kinds: tuple[Choice, ...]
    other_kinds: tuple[Choice, ...]
    number: str
    onward: str
    trouble: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """The form for the one-time code."""

    onward: str
    trouble: str


# -- what is in the space ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCard:
    """One group of records on the first page."""

    slug: str
    name: str
    count: int
    newest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The first page after signing in."""

    name: str
    fresh: int
    news: tuple["AccessLine", ...]
    groups: tuple[GroupCard, ...]
    active_consents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One record in a list; no value of it."""

    href: str
    name: str
    issuer: str
    badge: Badge
    validity: str
    updated: When


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordGroup:
    """Records of one group."""

    slug: str
    name: str
    explained: str
    records: tuple[RecordLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsView:
    """All records."""

    groups: tuple[RecordGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileLine:
    """One file of a record."""

    href: str
    name: str
    kind: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordView:
    """One record, opened."""

    name: str
    group: str
    slug: str
    badge: Badge
    facts: tuple[Fact, ...]
    files: tuple[FileLine, ...]
    issuer: str
    trust: str
    trust_explained: str
    validity: str
    served_until: str
    updated: When
    version: int
    journal_index: int


# -- consents ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBox:
    """One field that can be left out."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOption:
    """How much of one evidence type would leave.

    Attributes:
        fields: Labels of what would leave; empty for a yes or no.
        asked: This is what the department asked for.
    """

    value: str
    label: str
    explained: str
    fields: tuple[str, ...]
    asked: bool
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Preview:
    """What exactly would leave under one choice."""

    label: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """One evidence type that a department asks for."""

    code: str
    name: str
    issuer: str
    badge: Badge
    updated: When | None
    sensitive: bool
    necessity: str
    legal: str
    options: tuple[ViewOption, ...]
    refuse_chosen: bool
    leave_out: tuple[FieldBox, ...]
    previews: tuple[Preview, ...]
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPageView:
    """The consent screen (domain.md 5.5)."""

    action: str
    department: str
    contact: str
    privacy_officer: str
    client: str
    item: str
    case_tail: str
    purpose: str
    note: str = field(repr=False)
    legal: str
    items: tuple[AskedItem, ...]
    until: When
    uses: str
    kept: str
    refusal: str
    withdrawal: str
    rights: str
    shown_hash: str
    trouble: str
    previewed: bool
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedItem:
    """One evidence type of a consent."""

    code: str
    name: str
    view: str
    fields: tuple[str, ...]
    used: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentCard:
    """One consent in the list."""

    grant_id: str
    department: str
    item: str
    purpose: str
    case_tail: str
    badge: Badge
    items: tuple[GrantedItem, ...]
    given: When
    until: When
    ended: When | None
    revoke_href: str
    narrow_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsView:
    """All consents: those that work, and those that ended."""

    active: tuple[ConsentCard, ...]
    ended: tuple[ConsentCard, ...]
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeView:
    """Asks once before a consent ends."""

    card: ConsentCard
    action: str
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowView:
    """Lets the holder take something out of a consent."""

    card: ConsentCard
    items: tuple[FieldBox, ...]
    action: str
    back: str
    trouble: str


# -- who looked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """One evidence type that an entry is about."""

    name: str
    view: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLine:
    """One entry of the holder's journal in plain words."""

    icon: str
    tone: Tone
    title: str
    who: str
    at: When
    outcome: str
    reason: str
    basis: str
    item: str
    case_tail: str
    seen: tuple[SeenItem, ...]
    href: str
    receipt_href: str
    index: int
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessesView:
    """Who looked, newest first; ``older`` leads to the next page."""

    lines: tuple[AccessLine, ...]
    older: str
    first_page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """One entry, to read or to print."""

    line: AccessLine
    facts: tuple[Fact, ...]


# -- when it did not work ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleView:
    """What happened, what did not happen, and what to do next."""

    title: str
    told: str
    step: str
    href: str
    correlation: str
