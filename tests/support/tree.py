"""The project's own files, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("policies", "vault", "storage", "api", "scripts")
_TEXT: Final = frozenset(
    {
        *(".py", ".pyi", ".cedar", ".cedarschema", ".toml", ".md", ".txt", ".json", ".html"),
        *(".css", ".svg", ".po", ".in", ".lock", ".sh", ".ini", ".mako", ".js", ""),
    }
)
_NOT_OURS: Final = frozenset({"build", "data", "mutants"})
_MADE: Final = frozenset({"__pycache__", "node_modules"})


def name_of(path: Path) -> str:
    """Return ``path`` from the root of the project, with slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Return every Python file below ``folders``; without any, of all packages."""
    found = (path for folder in folders or PACKAGES for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(found))


@cache
def texts() -> tuple[Path, ...]:
    """Return every text file of the project: what is committed, or may be."""
    return tuple(sorted(_texts(ROOT)))


def _texts(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name != ".ci"
        if path.is_dir():
            made = path.name in _MADE or path.suffix == ".egg-info"
            top = folder == ROOT and path.name in _NOT_OURS
            if not (hidden or made or top):
                yield from _texts(path)
        elif path.suffix in _TEXT and (not hidden or path.name == ".gitignore"):
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def calls(path: Path, *names: str) -> list[int]:
    """Return the lines on which ``path`` calls one of ``names``, bare or as an attribute."""
    return [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and _last_name(node.func) in names
    ]


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
