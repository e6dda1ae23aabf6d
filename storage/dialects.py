"""How the two kinds of database are told of many rows at once.

SQLite takes a VALUES list whose text grows with the rows. PostgreSQL takes one array a column,
so that one prepared statement serves every number of rows. Statements are written with question
marks and with ``listed``; a dialect puts in what its driver takes.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import dialect as postgresql

from storage.tables import METADATA

Row = tuple[Any, ...]
Columns = tuple[str, ...]


class Dialect(Protocol):
    """What differs between databases in the journal's own statements."""

    @property
    def lock(self) -> str:
        """What follows a SELECT to lock its row; nothing where the transaction locks all."""
        ...

    @property
    def hurry(self) -> str:
        """How a transaction that holds the head is told to wait for no row for long."""
        ...

    def marked(self, text: str) -> str:
        """Return ``text`` with the driver's placeholders in place of question marks."""
        ...

    def listed(self, table: str, columns: Columns, *, count: int) -> str:
        """Return the relation of ``count`` rows whose columns have the types of ``table``'s."""
        ...

    def given(self, rows: Sequence[Row]) -> Row:
        """Return the parameters of such a relation."""
        ...


class _Sqlite:
    lock: Final = ""
    hurry: Final = ""

    def marked(self, text: str) -> str:
        return text

    def listed(self, table: str, columns: Columns, *, count: int) -> str:
        del table  # SQLite's values carry their own types.
        return f"VALUES {rows_of(count, len(columns))}"

    def given(self, rows: Sequence[Row]) -> Row:
        return tuple([value for row in rows for value in row])


class _Postgresql:
    lock: Final = " FOR UPDATE"
    hurry: Final = "SET LOCAL lock_timeout = '500ms'"

    def marked(self, text: str) -> str:
        return _percent(text)

    def listed(self, table: str, columns: Columns, *, count: int) -> str:
        del count  # Arrays are as long as they are.
        return _unnested(table, columns)

    def given(self, rows: Sequence[Row]) -> Row:
        return tuple([list(column) for column in zip(*rows, strict=True)])


SQLITE: Final[Dialect] = _Sqlite()
POSTGRESQL: Final[Dialect] = _Postgresql()
_NAMED: Final = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def dialect_named(name: str) -> Dialect:
    """Return the dialect of an SQLAlchemy dialect's ``name``."""
    return _NAMED[name]


def marked_for(connection: Connection, text: str) -> str:
    """Return ``text`` with the placeholders of the driver behind ``connection``."""
    return dialect_named(connection.dialect.name).marked(text)


@lru_cache(maxsize=4096)
def rows_of(count: int, width: int) -> str:
    """Return the marks of ``count`` rows of ``width`` values."""
    one = "(" + ", ".join("?" * width) + ")"
    return ", ".join([one] * count)


@lru_cache(maxsize=256)
def _percent(text: str) -> str:
    return text.replace("?", "%s")


@lru_cache(maxsize=256)
def _unnested(table: str, columns: Columns) -> str:
    known = METADATA.tables[table].columns
    types = [known[name].type.compile(postgresql()) for name in columns]  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    arrays = ", ".join(f"?::{one}[]" for one in types)
    return f"SELECT * FROM unnest({arrays})"  # noqa: S608 - types of our own tables
