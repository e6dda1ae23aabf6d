"""Somebody with full write access to the database, beside a deployment that serves.

Whoever it is reads and writes every row and drops every trigger, on SQLite and on PostgreSQL;
keys, state file and program stay out of reach.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, Table, create_engine

from scripts.verifying import Verified, verify_all
from storage.dialects import marked_for
from storage.postgresql import Server
from storage.tables import METADATA
from tests.support.founding import open_vault, settings_of
from tests.support.on_disk import opened
from tests.support.town import Granted, Town
from vault.errors import VaultError

TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
}

FOREIGN_KEYS = "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"

Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Deployment:
    """A town, one of whose holders has deposited, consented, and been asked for it."""

    folder: Path
    town: Town
    granted: Granted
    engine: Engine

    PERSON: ClassVar = 7

    @contextmanager
    def raw(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def say(self, statement: str, *values: object) -> int:
        """Write; return how many rows were."""
        with self.raw() as connection:
            marked = marked_for(connection, statement)
            return connection.exec_driver_sql(marked, values).rowcount

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.raw() as connection:
            found = connection.exec_driver_sql(marked_for(connection, statement), values)
            return [tuple(row) for row in found]

    def drop_triggers(self) -> None:
        with self.raw() as connection:
            name = connection.dialect.name
            for trigger, table in connection.exec_driver_sql(TRIGGERS[name]).fetchall():
                on = f" ON {table}" if name == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")

    def rows(self, *tables: str) -> Rows:
        """Return all rows of ``tables`` as they are."""
        with self.raw() as connection:
            return {
                name: [dict(row) for row in connection.execute(_table(name).select()).mappings()]
                for name in tables
            }

    def put_back(self, rows: Rows) -> None:
        """Put tables into the state that ``rows`` returned."""
        with self.raw() as connection:
            if connection.dialect.name == "postgresql":
                for name, table in connection.exec_driver_sql(FOREIGN_KEYS).fetchall():
                    connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            for table in reversed(METADATA.sorted_tables):
                if table.name in rows:
                    connection.execute(table.delete())
            for table in METADATA.sorted_tables:
                if rows.get(table.name):
                    connection.execute(table.insert(), rows[table.name])

    def insert(self, table: str, row: dict[str, Any]) -> None:
        with self.raw() as connection:
            connection.execute(_table(table).insert(), [row])

    def pull(self) -> str:
        """Let the department pull as its front door would; return what came of it."""
        try:
            live = self.town.live(self.granted.live.token.token_hash)
            if live is None:
                return "no token"
            self.town.pull(live)
        except VaultError as error:
            return type(error).__name__
        return "released"

    def entries(self) -> int:
        return int(self.ask("SELECT count(*) FROM journal_entry")[0][0])


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Serve a town in ``folder``, which is founded already."""
    settings = settings_of(folder)
    if settings.postgresql is None:
        engine = create_engine(
            f"sqlite:///{settings.data / 'vault.db'}", connect_args={"timeout": 10}
        )
    else:
        assert settings.postgresql.password_file is not None
        password = settings.postgresql.password_file.read_text("utf-8").strip()
        server = Server(address=settings.postgresql.address, password=password)
        engine = create_engine("postgresql+psycopg://", creator=server.connect)
    try:
        with open_vault(folder) as vault:
            town = Town(vault)
            town.deposit(Deployment.PERSON, name="张示例")
            granted = town.consent(
                Deployment.PERSON, town.open_case(Deployment.PERSON).case_no, uses=50
            )
            yield Deployment(folder, town, granted, engine)
    finally:
        engine.dispose()


def verified(folder: Path) -> Verified:
    """Verify what is stored as ``journal verify`` does."""
    with opened(folder) as found:
        return verify_all(found, progress=lambda _done, _of: None)


def faults(found: Verified) -> set[str]:
    return {finding.fault.value for finding in found.findings}


def _table(name: str) -> Table:
    return METADATA.tables[name]
