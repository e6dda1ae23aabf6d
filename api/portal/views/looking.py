"""Who looked, and what else happened in the space."""

from dataclasses import dataclass

from api.portal.views.pieces import Fact, Tone, When


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """One evidence type that an entry is about."""

    name: str
    view: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLine:
    """One entry of the holder's journal in plain words.

    Attributes:
        outcome: A word for a refusal; empty where it was done.
        use: What became of what was seen, or that it was not said.
        fresh: The holder has not seen it yet.
        index: Position in the log.
    """

    icon: str
    tone: Tone
    title: str
    at: When
    outcome: str
    reason: str
    basis: str
    item: str
    seen: tuple[SeenItem, ...]
    use: str
    href: str
    receipt_href: str
    index: int
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessesView:
    """Who looked, newest first; ``older`` leads to the next page."""

    lines: tuple[AccessLine, ...]
    older: str
    first_page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLine:
    """A demand and where it stands.

    Attributes:
        href: Of the answer; empty where there is none yet.
    """

    text: str
    badge: str
    tone: Tone
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandWay:
    """Something that can be demanded."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandsView:
    """What was demanded about an access, and what still can be.

    Attributes:
        complains: A complaint may be made.
    """

    lines: tuple[DemandLine, ...]
    ways: tuple[DemandWay, ...]
    complains: bool
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """One entry, to read or to print."""

    line: AccessLine
    facts: tuple[Fact, ...]
    demands: DemandsView
