"""Every text of the portal that has to be in its catalogue, as templates and code mark them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2.ext import babel_extract

from tests.support.tree import ROOT

PORTAL: Final = ROOT / "api/portal"
IN_CODE: Final = frozenset({"counted", "mark", "say"})
IN_PAGES: Final = ("_", "gettext", "ngettext")
PAGE_OPTIONS: Final = {"trim_blocks": "true", "lstrip_blocks": "true"}

Text = tuple[str, ...]
"""One source, or singular and plural."""


def texts_of_portal() -> dict[Text, str]:
    """Return each text that is shown, with the file that shows it first."""
    found: dict[Text, str] = {}
    for path in sorted(PORTAL.rglob("*.py")):
        for text in _in_code(path):
            found.setdefault(text, path.name)
    for path in sorted(PORTAL.rglob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, IN_PAGES, (), PAGE_OPTIONS):
                found.setdefault(_text(message), path.name)
    return found


def _in_code(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Constant(value=str() as text), *_],
            ) if name in IN_CODE:
                yield (text, text) if name == "counted" else (text,)


def _text(message: str | tuple[str | None, ...] | None) -> Text:
    if isinstance(message, str):
        return (message,)
    return tuple(part for part in message or () if part is not None)
