"""Core statements, compiled once and said to the driver itself.

SQLAlchemy builds every statement, so that no text is bound to one database. Running it is left
to the driver's own cursor: looking statements up and wrapping rows would cost nine times what
SQLite needs for a look-up by key. Values are those that drivers take as they are: integers,
text, bytes, ``None``. Whoever makes a ``Driver`` has begun a transaction and will end it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn, Self

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from storage.failures import failure
from storage.row_guard import Guard, RowGuard
from vault.errors import ConflictError

Row = Sequence[Any]
"""The columns of a row, in the order in which the statement names them."""

_CHANGED: Final = "this was changed by somebody else; read it again"


class Driver:
    """The driver's connection behind an open transaction."""

    __slots__ = ("ahead", "cursor", "dialect", "errors", "guard")

    def __init__(self, connection: Connection) -> None:
        """Reach through ``connection``, which must be in a transaction."""
        self.guard: Guard = RowGuard()  # Closed, until a unit of work brings another.
        if not connection.in_transaction():
            raise RuntimeError("a store needs a transaction")
        self.dialect: Dialect = connection.dialect
        self.errors: type[Exception] = connection.dialect.loaded_dbapi.Error
        self.cursor: Callable[[], Any] = connection.connection.cursor
        self.ahead: Ahead | None = None

    @classmethod
    def over(cls, raw: Any, *, dialect: Dialect, ahead: "Ahead | None" = None) -> Self:  # noqa: ANN401 - a driver's connection
        """Stand on a driver's connection whose transaction the caller, or ``ahead``, begins."""
        driver = cls.__new__(cls)
        driver.guard = RowGuard()
        driver.dialect = dialect
        driver.errors = dialect.loaded_dbapi.Error
        driver.cursor = raw.cursor
        driver.ahead = ahead
        return driver

    def end(self) -> None:
        """Refuse every later statement: what was read belongs to a moment that is over."""
        self.cursor = _over


class Ahead:
    """Statements that are asked together before each is read (a driver with a pipeline).

    For units of work that only read: all they see is of one moment, whenever they ask.
    """

    __slots__ = ("_begin", "_found", "_raw")

    def __init__(self, raw: Any, *, begin: str) -> None:  # noqa: ANN401 - a driver's connection
        """Ask over ``raw``; ``begin`` goes with whatever is asked first."""
        self._raw = raw
        self._begin = begin
        self._found: dict[tuple[str, tuple[object, ...]], Any] = {}

    def ask(self, said: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        """Send all statements, then wait once for all answers."""
        begin, self._begin = self._begin, ""
        with self._raw.pipeline():
            if begin:
                self._raw.execute(begin)
            for text, given in said:
                cursor = self._found[text, tuple(given.values())] = self._raw.cursor()
                cursor.execute(text, given)

    def take(self, text: str, given: Any) -> Any:  # noqa: ANN401 - parameters; a cursor
        """Return the answer to a statement, once; ``None`` if it was not asked."""
        if self._begin:
            self.ask([(text, given)])
        return self._found.pop((text, tuple(given.values())), None) if self._found else None


class Recorder(Driver):
    """Writes statements down instead of saying them, and finds nothing."""

    __slots__ = ("said",)

    def __init__(self, dialect: Dialect) -> None:
        """Compile for ``dialect``."""
        self.guard = RowGuard()
        self.dialect = dialect
        self.errors = NotImplementedError  # Nothing is run, so nothing is raised.
        self.cursor = lambda: self
        self.ahead = None
        self.said: list[tuple[str, Mapping[str, object]]] = []

    def execute(self, text: str, given: Mapping[str, object]) -> None:
        """Write a statement down."""
        self.said.append((text, given))

    def fetchone(self) -> None:
        """Find no row."""

    def fetchall(self) -> Sequence[Row]:
        """Find no rows."""
        return ()


def _over() -> NoReturn:
    raise RuntimeError("this unit of work is over")


class Compiled(NamedTuple):
    """What a driver takes.

    Attributes:
        names: Order of the parameters; empty where the driver takes them by name.
        constants: Values that stand in the statement itself.
    """

    text: str
    names: tuple[str, ...]
    constants: dict[str, object]


class Prepared:
    """One statement with named parameters."""

    __slots__ = ("_compiled", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        """Keep ``statement``; it is compiled when a database first meets it."""
        self._statement = statement
        self._compiled: dict[str, Compiled] = {}

    def one(self, driver: Driver, /, **values: object) -> Row | None:
        """Return the first row, or ``None``."""
        found: Row | None = self._run(driver, values).fetchone()
        return found

    def all(self, driver: Driver, /, **values: object) -> Sequence[Row]:
        """Return all rows."""
        found: Sequence[Row] = self._run(driver, values).fetchall()
        return found

    def change(self, driver: Driver, /, **values: object) -> int:
        """Write; return how many rows were.

        Raises:
            ConflictError: A row is there already, or a rule of the database forbids it.
        """
        written: int = self._run(driver, values).rowcount
        return written

    def change_one(self, driver: Driver, /, **values: object) -> None:
        """Write exactly one row.

        Raises:
            ConflictError: It is not there, or not in the state that was expected.
        """
        if self.change(driver, **values) != 1:
            raise ConflictError(_CHANGED)

    def compiled(self, dialect: Dialect) -> Compiled:
        """Return what the driver of ``dialect`` is given."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return found

    def _run(self, driver: Driver, values: dict[str, object]) -> Any:  # noqa: ANN401 - a DB-API cursor
        compiled = self.compiled(driver.dialect)
        if compiled.constants:
            values |= compiled.constants
        given = tuple([values[name] for name in compiled.names]) if compiled.names else values
        try:
            if driver.ahead is not None:
                found = driver.ahead.take(compiled.text, given)
                if found is not None:
                    return found
            cursor = driver.cursor()
            cursor.execute(compiled.text, given)
        except driver.errors as error:
            raise failure(error) from error
        return cursor


def _compile(statement: ClauseElement, dialect: Dialect) -> Compiled:
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("this statement takes no parameters")
    constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return Compiled(
        text=str(compiled), names=tuple(compiled.positiontup or ()), constants=constants
    )
