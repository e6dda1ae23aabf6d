"""How columns are declared: ids, hashes, instants, and what a CHECK may say of them.

Only types that SQLite and PostgreSQL store alike: no arrays, no JSON operators, no database
time. Lists and objects are canonical JSON in text. A column of fixed length says so in its
type, and ``storage.tables`` adds the CHECK.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, LargeBinary, Table, Text
from sqlmodel import Field, SQLModel

ID_BYTES: Final = 16
HASH_BYTES: Final = 32

SMALL_ROWS: Final[Mapping[str, bool]] = {"sqlite_with_rowid": False}
"""Table option for short rows found by their key: SQLite then keeps one tree, not two."""


def id_column(*, key: bool = False) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare an id of 16 bytes; ``key`` makes it part of the primary key."""
    return Field(sa_type=LargeBinary(ID_BYTES), primary_key=key)


def optional_id() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare an id of 16 bytes that may be absent."""
    return Field(default=None, sa_type=LargeBinary(ID_BYTES))


def hash_column(*, key: bool = False) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare a digest or keyed hash of 32 bytes."""
    return Field(sa_type=LargeBinary(HASH_BYTES), primary_key=key)


def optional_hash() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare a digest of 32 bytes that may be absent."""
    return Field(default=None, sa_type=LargeBinary(HASH_BYTES))


def bytes_column(length: int | None = None) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare bytes, such as a sealed object; ``length`` fixes how many."""
    return Field(sa_type=LargeBinary(length))


def optional_bytes() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare bytes that may be absent."""
    return Field(default=None, sa_type=LargeBinary)


def text_column(*, key: bool = False) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare text; also JSON in its canonical form."""
    return Field(sa_type=Text, primary_key=key)


def optional_text() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare text that may be absent."""
    return Field(default=None, sa_type=Text)


def long_column(*, key: bool = False) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare a number of 64 bits: an instant, a sequence number, a length."""
    return Field(sa_type=BigInteger, primary_key=key)


def optional_long() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare a number of 64 bits that may be absent."""
    return Field(default=None, sa_type=BigInteger)


def part_of_key(**options: Any) -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Declare a small integer of the primary key, such as ``log_id``."""
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, **options)


def checks(table: str, /, **conditions: str) -> tuple[CheckConstraint, ...]:
    """Return one named CHECK for each condition of ``table``."""
    return tuple(
        CheckConstraint(condition, name=f"ck_{table}_{name}")
        for name, condition in conditions.items()
    )


def among(column: str, *, values: type[StrEnum] | Iterable[str]) -> str:
    """Return the condition that ``column`` holds one of the domain's own words."""
    words = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({words})"


def refers(table: str, columns: Iterable[str], *, to: str) -> ForeignKeyConstraint:
    """Return the rule that the row ``to`` which the ``columns`` name is there."""
    names = list(columns)
    return ForeignKeyConstraint(names, [f"{to}.{name}" for name in names], name=f"fk_{table}_{to}")


def table_of(model: type[SQLModel]) -> Table:
    """Return the Core table of a SQLModel class: what every statement is built on."""
    table: Table = model.__dict__["__table__"]
    return table
