"""A department's request, and the consents that were given."""

from dataclasses import dataclass, field

from api.portal.views.pieces import Badge, Fact, FieldBox, When
from api.portal.views.window import WindowView


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOption:
    """How much of one evidence type would leave.

    Attributes:
        asked: This is what the department asked for.
    """

    value: str
    label: str
    explained: str
    asked: bool
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Preview:
    """What exactly would leave under one choice.

    Attributes:
        told: A sentence where there are no values to show.
    """

    label: str
    facts: tuple[Fact, ...]
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """One evidence type that a department asks for.

    Attributes:
        badge: State of the record that would answer, or that none is held.
        fields: Labels of what is asked for; empty where a yes or no is all.
        sensitive: Level 4; giving it takes a tick of its own (PIPL 29).
        agreed: That tick.
        leave_out: Fields that can be kept back.
        trouble: What is still to be said about it.
    """

    code: str
    name: str
    issuer: str
    badge: Badge
    updated: When | None
    fields: tuple[str, ...]
    sensitive: bool
    agreed: bool
    necessity: str
    other_way: str
    legal: str
    options: tuple[ViewOption, ...]
    refuse_chosen: bool
    leave_out: tuple[FieldBox, ...]
    preview: Preview | None
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPageView:
    """The consent screen (domain.md 5.5).

    Attributes:
        note: The department's own words.
        shown_hash: SHA-256 of what is decided on, in hexadecimal digits.
        previewed: The previews are open; nothing was decided.
        minutes: How long it can still be decided.
        window: Where it began; ``None`` where that was in this browser.
        confirm_href: Where a passkey confirms first; empty where nothing needs it.
    """

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
    ongoing: str
    renews: str
    identity: str
    refusal: str
    withdrawal: str
    rights: str
    shown_hash: str
    trouble: str
    previewed: bool
    minutes: int
    confirm_href: str = ""
    window: WindowView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedItem:
    """One evidence type of a consent."""

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
    pause_href: str
    resume_href: str
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsView:
    """All consents: those that work, and those that ended.

    Attributes:
        said: What the holder has just done; empty otherwise.
    """

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
class NarrowItem:
    """One evidence type of a consent, to be kept, dropped, or given with fewer fields."""

    code: str
    label: str
    chosen: bool
    leave_out: tuple[FieldBox, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowView:
    """Lets the holder take something out of a consent."""

    card: ConsentCard
    items: tuple[NarrowItem, ...]
    action: str
    back: str
    trouble: str
