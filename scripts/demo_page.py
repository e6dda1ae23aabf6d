"""Reads a page of the portal as a browser would: forms with their controls, links, text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

Attributes = list[tuple[str, str | None]]

_SILENT: Final = frozenset({"script", "style", "head"})
_TICKED: Final = frozenset({"checkbox", "radio"})
_UNSENT: Final = frozenset({"button", "image", "reset", "submit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control of a form.

    Attributes:
        kind: The type of an ``input``, or the name of another element.
        chosen: Sent when nobody touches the form.
    """

    kind: str
    name: str
    value: str
    chosen: bool


@dataclass(slots=True, kw_only=True)
class Form:
    """A form as it stands on the page."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    @property
    def names(self) -> frozenset[str]:
        """Names of all controls."""
        return frozenset(one.name for one in self.controls)

    def options(self, name: str) -> tuple[str, ...]:
        """Return the values that a group of controls offers, in order."""
        return tuple(one.value for one in self.controls if one.name == name)

    def filled(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return what is sent when ``values`` were filled in and the rest left as it is.

        Raises:
            KeyError: The page has no control of such a name.
        """
        unknown = values.keys() - self.names
        if unknown:
            raise KeyError(*sorted(unknown))
        kept = [
            (one.name, one.value) for one in self.controls if one.chosen and one.name not in values
        ]
        return [*kept, *values.items()]


class Page(HTMLParser):
    """A page that was read."""

    def __init__(self, html: str) -> None:
        """Read ``html``."""
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._inside: Form | None = None
        self._text: list[str] = []
        self._silent = 0
        self._select = ""
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """What a person reads, on one line."""
        return " ".join(" ".join(self._text).split())

    def form(self, *, holding: str) -> Form:
        """Return the first form with a control of that name.

        Raises:
            LookupError: There is none.
        """
        for one in self.forms:
            if holding in one.names:
                return one
        raise LookupError(f"the page has no form with {holding}: {self.text[:200]}")

    def link(self, *, ending: str) -> str:
        """Return the first link that ends so.

        Raises:
            LookupError: There is none.
        """
        for one in self.links:
            if one.endswith(ending):
                return one
        raise LookupError(f"the page has no link to {ending}: {self.text[:200]}")

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Take an element in."""
        found = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "form":
            self._inside = Form(
                action=found.get("action", ""), method=found.get("method", "get").lower()
            )
            self.forms.append(self._inside)
        elif tag == "select":
            self._select = found.get("name", "")
        elif self._inside is not None:
            self._take(self._inside, tag=tag, found=found, given=frozenset(dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag in _SILENT:
            self._silent -= 1
        elif tag == "form":
            self._inside = None
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        """Take text in."""
        if not self._silent:
            self._text.append(data)

    def _take(
        self, form: Form, *, tag: str, found: Mapping[str, str], given: frozenset[str]
    ) -> None:
        kind = found.get("type", "text" if tag == "input" else "submit")
        if tag == "option" and self._select:
            one = Control(
                kind="select",
                name=self._select,
                value=found.get("value", ""),
                chosen="selected" in given,
            )
        elif tag in {"input", "button"} and found.get("name"):
            one = Control(
                kind=kind,
                name=found["name"],
                value=found.get("value", "on" if kind in _TICKED else ""),
                chosen=("checked" in given) if kind in _TICKED else kind not in _UNSENT,
            )
        else:
            return
        form.controls.append(one)
