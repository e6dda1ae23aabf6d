"""One PostgreSQL for a whole run of tests, and a new empty database for each test.

``postgres`` is a database of one test's own. A test that ill-treats its server starts one with
``running_postgresql``; so does one of durability, for the common server writes nothing to disk
in earnest.
"""

import atexit
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.local.accounts import open_folder
from scripts.local.postgresql import Postgresql, running_postgresql
from scripts.local.postgresql_files import Settings
from scripts.private_files import read_private
from storage.migrate import upgrade
from storage.postgresql import Server, open_postgresql

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database that nobody else uses."""

    server: Postgresql
    name: str

    @property
    def address(self) -> str:
        """Return its address, without the password."""
        return self.server.address(self.name)

    @property
    def password_file(self) -> Path:
        """Return the file with the password of its owner."""
        return self.server.password_file

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as its owner; each statement commits by itself."""
        return self.server.connect(self.name)


@contextmanager
def server_for_tests(*, settings: Settings | None = None) -> Iterator[Postgresql]:
    """Run a server in a folder of its own; ``fsync`` is off unless ``settings`` say otherwise."""
    chosen = {"fsync": False, **(settings or {})}
    with open_folder() as folder, running_postgresql(folder, settings=chosen) as server:
        yield server


@contextmanager
def fresh_database(server: Postgresql, *, template: str | None = None) -> Iterator[Database]:
    """Create a database, about 30 ms, and drop it; empty, unless it is a copy of ``template``."""
    name = f"test_{next(_NUMBERS)}"
    server.create_database(name, template)
    try:
        yield Database(server=server, name=name)
    finally:
        server.drop_database(name)


@cache
def common_server() -> Postgresql:
    """Start the server of this run, when it is first wanted; it ends with the run."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(server_for_tests())


@contextmanager
def migrated() -> Iterator[Server]:
    """Create a database with every table and no row, on the common server, and drop it."""
    with fresh_database(common_server(), template=_template()) as database:
        yield server_of(database)


def server_of(database: Database) -> Server:
    """Return a database as the program is told of it."""
    return Server(address=database.address, password=read_private(database.password_file).decode())


@cache
def _template() -> str:
    """Migrate a database once; every other is a copy of it."""
    name = "template_migrated"
    server = common_server()
    server.create_database(name)
    with open_postgresql(server_of(Database(server=server, name=name)), threads=1) as database:
        upgrade(database.journal)
    return name


@pytest.fixture(scope="session")
def postgres_server() -> Postgresql:
    """Return the server of this run."""
    return common_server()


@pytest.fixture
def postgres(postgres_server: Postgresql) -> Iterator[Database]:
    """Return a new empty database."""
    with fresh_database(postgres_server) as database:
        yield database
