"""Small values that every page is made of."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBox:
    """One thing that can be ticked."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleView:
    """What happened, what did not happen, and what to do next.

    Attributes:
        correlation: Under which id the operator's log speaks of it; empty where nobody needs it.
    """

    title: str
    told: str
    step: str
    href: str
    correlation: str
