"""Strict reading of the data files: each key has a type, unknown keys and gaps are refused."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, TypeVar

from policies.errors import CatalogueError

T = TypeVar("T")

_ABSENT: Final = object()


def read(name: str) -> dict[str, Any]:
    """Return the data file ``name`` of this package.

    Raises:
        CatalogueError: It is not TOML 1.0.
    """
    try:
        return tomllib.loads((files("policies") / "data" / name).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{name} is not TOML") from error


class Table:
    """One table, of which every key must be taken once before it is done."""

    def __init__(self, plain: object, *, where: str) -> None:
        """Wrap ``plain``; ``where`` names it in errors.

        Raises:
            CatalogueError: ``plain`` is not a table.
        """
        if not isinstance(plain, dict):
            raise CatalogueError(f"{where} is not a table")
        self.where = where
        self._left: dict[str, Any] = dict(plain)

    def take(self, key: str, kind: type[T], default: object = _ABSENT) -> T:
        """Return and remove the value of ``key``, which is exactly of ``kind``.

        Raises:
            CatalogueError: It is missing without a default, empty, or of another type.
        """
        value = self._left.pop(key, default)
        if value is _ABSENT:
            raise CatalogueError(f"{self.where} lacks {key}")
        if type(value) is not kind or value == "":
            raise CatalogueError(f"{self.where}: {key} is not a {kind.__name__}")
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Return and remove the value of ``key``, or ``None`` where there is none."""
        return self.take(key, kind) if key in self._left else None

    def texts(self, key: str, default: object = _ABSENT) -> tuple[str, ...]:
        """Return and remove a list of different texts.

        Raises:
            CatalogueError: It is missing, or not such a list.
        """
        values = self.take(key, list, default)
        if not all(type(v) is str and v for v in values) or len(set(values)) != len(values):
            raise CatalogueError(f"{self.where}: {key} is not a list of different texts")
        return tuple(values)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """Return and remove a list of tables, at least one."""
        found = self.take(key, list)
        if not found:
            raise CatalogueError(f"{self.where}: {key} is empty")
        return tuple(Table(one, where=f"{self.where}.{key}[{n}]") for n, one in enumerate(found))

    def done(self) -> None:
        """Refuse what nobody took.

        Raises:
            CatalogueError: A key is left, which is unknown.
        """
        if self._left:
            raise CatalogueError(f"{self.where} has unknown keys: {', '.join(sorted(self._left))}")


def keyed(plain: Mapping[str, Any]) -> dict[str, Table]:
    """Return each entry of a file whose top level is keyed tables."""
    return {key: Table(one, where=key) for key, one in plain.items()}
