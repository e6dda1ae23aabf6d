"""The migrations come to the schema that is declared, and newer data are refused."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.dialects import marked_for
from storage.migrate import current, head, upgrade
from storage.sqlite import open_sqlite
from storage.tables import METADATA
from tests.support.writer import World, a_pull
from vault.errors import StorageError


def schema(engine: Engine) -> dict[str, Any]:
    """Return everything that the database itself says of its tables."""
    asked = inspect(engine)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in asked.get_columns(table)
            ],
            "key": asked.get_pk_constraint(table)["constrained_columns"],
            "unique": _sorted(asked.get_unique_constraints(table)),
            "foreign": _sorted(asked.get_foreign_keys(table)),
            "checks": _sorted(asked.get_check_constraints(table)),
            "indexes": _sorted(asked.get_indexes(table)),
            "options": asked.get_table_options(table),
        }
        for table in asked.get_table_names()
        if table != "alembic_version"
    }


def _sorted(found: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - what SQLAlchemy reflects
    return sorted((dict(one) for one in found), key=lambda one: str(one["name"]))


def test_the_migrations_come_to_what_the_tables_declare(
    tmp_path: Path, database: Database
) -> None:
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    METADATA.create_all(declared)

    found = schema(database.engine)

    assert found == schema(declared)
    assert set(found) == set(METADATA.tables)
    declared.dispose()


def test_a_database_is_at_the_one_head_and_stays_there(database: Database) -> None:
    upgrade(database.journal)

    assert current(database.engine) == head()


def test_data_of_a_newer_program_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.db"
    with open_sqlite(path) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StorageError) as refused, open_sqlite(path):
        raise AssertionError("it was opened")

    assert str(refused.value) == (
        "a newer version of this program wrote these data (schema 9999); "
        "run that version, or restore a backup made by this one"
    )
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    raw.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.db"
    path.parent.mkdir()
    path.write_bytes(b"this is a letter\n" * 100)

    with pytest.raises(StorageError, match="no database"), open_sqlite(path):
        raise AssertionError("it was opened")

    assert path.read_bytes() == b"this is a letter\n" * 100


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journal_entry",
        "UPDATE journal_entry SET leaf = ?",
        "UPDATE journal_entry SET holder_id = NULL, holder_seq = NULL",
        "UPDATE journal_entry SET actor_seq = actor_seq + 1",
        "UPDATE journal_entry SET payload = ?",
        "UPDATE journal_entry SET inputs = ?, payload = NULL",
        "DELETE FROM log_tile",
        "UPDATE log_tile SET data = ?",
    ],
)
def test_entries_and_tiles_are_neither_changed_nor_removed(world: World, statement: str) -> None:
    _refused(world, statement, *[bytes(70)] * statement.count("?"))


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT OR REPLACE INTO journal_entry SELECT log_id, year, idx, randomblob(16),"
            " holder_id, holder_seq + 1, actor_id, actor_seq + 1, key_version, leaf, leaf_hash,"
            " payload, inputs FROM journal_entry"
        ),
        (
            "INSERT OR REPLACE INTO log_tile SELECT log_id, year, level, idx, zeroblob(8192)"
            " FROM log_tile"
        ),
    ],
)
def test_nothing_of_them_is_replaced(embedded: World, statement: str) -> None:
    _refused(embedded, statement)


@pytest.mark.parametrize("table", ["journal_entry", "log_tile"])
def test_nothing_of_them_is_truncated(postgresql: World, table: str) -> None:
    _refused(postgresql, f"TRUNCATE {table}")


def _refused(world: World, statement: str, *values: object) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))
    world.say("INSERT INTO log_tile VALUES (0, 2026, 0, 0, ?)", bytes(8192))
    before = _rows(world)

    with world.database.engine.connect() as connection, pytest.raises(IntegrityError):
        _write(connection, statement, *values)

    assert _rows(world) == before


def test_the_payload_of_an_entry_may_be_removed(world: World) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))

    world.say("UPDATE journal_entry SET payload = NULL, inputs = NULL")

    assert [entry.payload for entry in world.entries()] == [b""]


def _write(connection: Connection, statement: str, *values: object) -> None:
    with connection.begin():
        connection.exec_driver_sql(marked_for(connection, statement), values)


def _rows(world: World) -> list[list[tuple[object, ...]]]:
    return [world.ask(f"SELECT * FROM {table}") for table in ("journal_entry", "log_tile")]  # noqa: S608 - from here


def test_a_rule_that_admits_more_leaves_what_is_stored_alone(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    upgrade(engine, to="0003")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO oauth_client VALUES ('old', zeroblob(16), '旧', 'Old', 'fapi2',"
            " 'active', '', '[]', '[]', '[]', '{}', '[]', '[]', 1)"
        )

    upgrade(engine)

    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        connection.exec_driver_sql("UPDATE oauth_client SET profile = 'kiosk'")
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("UPDATE oauth_client SET profile = 'nonsense'")
    engine.dispose()
