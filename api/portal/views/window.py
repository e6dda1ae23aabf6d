"""Requests of kiosks and counters: where they began, which number, what became of them."""

from dataclasses import dataclass, field

from api.portal.views.pieces import When


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberBox:
    """One of the numbers that the holder chooses among."""

    value: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """Where a request began that did not begin in this browser.

    Attributes:
        title: What it is about, as a question to the holder.
        place: Empty where the department registered none.
        message: The counter's words; empty at a kiosk.
        numbers: Empty at a kiosk.
        trouble: What is still to be said about the numbers.
    """

    kiosk: bool
    place: str
    at: When
    message: str
    numbers: tuple[NumberBox, ...]
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """A counter's request that waits."""

    href: str
    department: str
    item: str
    place: str
    at: When


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedListView:
    """All of them."""

    waiting: tuple[AskedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """The form for a kiosk's code.

    Attributes:
        code: What is filled in already.
        prefilled: It came with the address: the holder compares before going on.
    """

    code: str
    prefilled: bool
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowView:
    """A code for a counter, or the way to one.

    Attributes:
        code: Empty until it is asked for.
        until: When it ends.
    """

    code: str = field(repr=False)
    until: When | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedView:
    """What became of a decision."""

    icon: str
    tone: str
    title: str
    told: str
    onward: str
