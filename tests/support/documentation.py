"""Reads the documentation: pages, headings, tables, and the code that they name."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from typer.main import get_command

from scripts.cli import app

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")], key=lambda page: page.as_posix())
)
FOLDERS = ("policies", "vault", "storage", "api", "scripts")
ENGLISH = tuple(page for page in PAGES if page.name.endswith(".en.md"))

_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_RULE = re.compile(r"[\s:|-]*")


class Heading(NamedTuple):
    """A heading of a page."""

    level: int
    text: str


def named(page: Path) -> str:
    """Return the name of ``page`` inside the project."""
    return page.relative_to(ROOT).as_posix()


def chinese(page: Path) -> Path:
    """Return the page beside an English one."""
    return page.with_name(page.name.replace(".en.md", ".md"))


def prose(page: Path) -> str:
    """Return the text of ``page`` without its blocks of code."""
    return _BLOCK.sub("", page.read_text("utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of code of ``page`` that are in ``language``."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return [str(block) for block in found]


def headings(page: Path) -> list[Heading]:
    """Return the headings of ``page``, in order."""
    found = re.findall(r"^(#+) (.+)$", prose(page), re.MULTILINE)
    return [Heading(len(marks), text) for marks, text in found]


def section(page: Path, title: str) -> str:
    """Return the text below the heading ``title``, up to the next one of any level."""
    after = prose(page).split(f" {title}\n", 1)[1]
    return re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all tables in ``text``, without the rules below their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if _RULE.fullmatch(line) is None
    ]


def skeleton(page: Path) -> list[int]:
    """Return the levels of the headings and, negative, the columns of each row of a table."""
    shape = []
    for line in prose(page).splitlines():
        if line.startswith("#"):
            shape.append(len(line) - len(line.lstrip("#")))
        elif line.startswith("|"):
            shape.append(-line.count("|"))
    return shape


def quoted(page: Path) -> set[str]:
    """Return what stands in quotes and belongs to the code, without what is to be filled in."""
    found = re.findall(r"`([^`\n]+)`", prose(page))
    return {name for name in found if name.isascii() and "<" not in name}


def leads_somewhere(page: Path, target: str) -> bool:
    """Say whether ``target`` on ``page`` leads to a file and, if it says so, a heading."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not anchor or anchor in {_anchor(heading.text) for heading in headings(file)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def named_in(file: Path) -> frozenset[str]:
    """Return the names of the tests in ``file``; none if it is not there."""
    if not file.is_file():
        return frozenset()
    text = file.read_text("utf-8")
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE))


@cache
def every_test() -> frozenset[str]:
    """Return the names of all tests."""
    return frozenset().union(*(named_in(file) for file in (ROOT / "tests").rglob("test_*.py")))


@cache
def definitions() -> frozenset[str]:
    """Return the names of all functions, classes and folders of the project."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    defined = re.findall(r"^ *(?:async )?(?:def|class) (\w+)", text, re.MULTILINE)
    return frozenset((*FOLDERS, *defined))


def is_verb(words: str) -> bool:
    """Say whether ``words`` begin with a verb of the command line or are one of a group."""
    group, _, verb = words.partition(" ")
    known = _verbs()
    return group in known and (not known[group] or verb in known[group])


@cache
def _verbs() -> dict[str, frozenset[str]]:
    root: Any = get_command(app)
    return {
        name: frozenset(getattr(command, "commands", ()))
        for name, command in root.commands.items()
    }
