"""Who acts for whom: mandates given and received, and the forms for them."""

from dataclasses import dataclass

from api.portal.views.pieces import Badge, Choice, When


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MandateCard:
    """One mandate.

    Attributes:
        who: Masked number of the receiver, or the name of whose space it opens.
        passed_on: An agent gave it, not the holder.
        act_href: Where the switch goes; empty where there is nothing to switch to.
        narrow_href, end_href: Empty where it has ended.
    """

    mandate_id: str
    who: str
    badge: Badge
    acts: tuple[str, ...]
    evidence: tuple[str, ...]
    items: tuple[str, ...]
    until: When
    passes_on: bool
    passed_on: bool
    act_href: str = ""
    narrow_href: str = ""
    end_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MandatesView:
    """Both sides, and what ended."""

    received: tuple[MandateCard, ...]
    given: tuple[MandateCard, ...]
    ended: tuple[MandateCard, ...]
    may_give: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """One question with several answers; a name leads each group of them."""

    name: str
    label: str
    groups: tuple[tuple[str, tuple[Choice, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GiveMandateView:
    """The form for a new mandate.

    Attributes:
        weak: The sign-in is too weak or too old to give one.
        passes_on: Whether it may be passed on is asked.
    """

    kinds: tuple[Choice, ...]
    other_kinds: tuple[Choice, ...]
    number: str
    acts: Ticks
    evidence: Ticks
    views: tuple[Choice, ...]
    items: Ticks
    days: tuple[Choice, ...]
    passes_on: bool
    weak: bool
    trouble: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndMandateView:
    """The question before a mandate ends; ``gives_back`` where the receiver ends it."""

    card: MandateCard
    gives_back: bool
    action: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NarrowMandateView:
    """What is left of a mandate."""

    card: MandateCard
    questions: tuple[Ticks, ...]
    trouble: str
    action: str
