"""Each test has a database of its own, quickly."""

from scripts.local.postgresql import Postgresql
from tests.support.postgres import Database, fresh_database


def test_a_database_is_empty_and_ours(postgres: Database) -> None:
    with postgres.connect() as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

    assert tables == (0,)
    assert postgres.address == postgres.server.address(postgres.name)


def test_a_database_can_be_a_copy_and_is_dropped(
    postgres_server: Postgresql, postgres: Database
) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

    with (
        fresh_database(postgres_server, template=postgres.name) as copy,
        copy.connect() as connection,
    ):
        assert connection.execute("TABLE kept").fetchall() == [(7,)]

    assert (copy.name,) not in postgres_server.admin("SELECT datname FROM pg_database")
