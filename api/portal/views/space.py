"""Signing in, and what is in the space."""

from dataclasses import dataclass

from api.portal.views.looking import AccessLine
from api.portal.views.pieces import Badge, Choice, Fact, When
from api.portal.views.window import AskedLine


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignInView:
    """The form for the number; ``trouble`` says what to mend, ``reason`` why it is asked.

    Attributes:
        passkey_href: The way with a passkey; empty where there is none.
    """

    kinds: tuple[Choice, ...]
    other_kinds: tuple[Choice, ...]
    number: str
    onward: str
    trouble: str
    reason: str
    passkey_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """The form for the one-time code."""

    onward: str
    trouble: str
    passkey_href: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeaveView:
    """The question whether to sign out.

    Attributes:
        department: That asks, as it is registered; empty where nobody has proven to ask.
        ticket: What was proven, sealed.
        stay: Where whoever stays goes.
    """

    department: str
    action: str
    ticket: str
    stay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCard:
    """One group of records on the first page."""

    slug: str
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HomeView:
    """The first page after signing in.

    Attributes:
        name: Of the holder; empty until an issuer told it.
        fresh: Notices that were not read yet.
        asked: What counters wait for.
        mandates: Alive, given and received.
        wrong_codes: Tried for this account yesterday and today; 0 where they are too few to tell.
    """

    name: str
    fresh: int
    wrong_codes: int
    news: tuple[AccessLine, ...]
    groups: tuple[GroupCard, ...]
    active_consents: int
    passkeys: int | None
    mandates: int
    asked: tuple[AskedLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One record in a list; no value of it."""

    href: str
    name: str
    issuer: str
    badge: Badge
    validity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordGroup:
    """Records of one group."""

    slug: str
    name: str
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
    """One record, opened.

    Attributes:
        served_until: Until when others may be shown it; empty without such an end.
        journal_index: Position of the entry that this reading made.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessView:
    """What it takes to see that nothing is missing.

    Attributes:
        address: Where the holder's public log is.
        origin: Its name.
    """

    action: str
    address: str
    origin: str
