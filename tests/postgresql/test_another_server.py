"""Another server, or another history, behind the same address: seen at the next batch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from scripts.local.postgresql import Postgresql
from storage.migrate import upgrade
from storage.postgresql import open_postgresql
from tests.support.postgres import Database, fresh_database, server_of
from tests.support.writer import World, a_pull, open_world_on
from vault.errors import LogFrozenError
from vault.journal.operations import Committed


@pytest.fixture
def first(postgres_server: Postgresql) -> Iterator[Database]:
    with fresh_database(postgres_server) as database:
        with open_postgresql(server_of(database), threads=1) as opened:
            upgrade(opened.journal)
        yield database


def write(world: World, *numbers: int) -> None:
    with world.serving() as writer:
        for number in numbers:
            assert isinstance(writer.submit(a_pull(number)), Committed)


def throw_out(database: Database) -> None:
    """End every connection to a database, and wait until they have ended."""
    database.server.admin(
        sql.SQL(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}"
        ).format(sql.Literal(database.name))
    )


def swap(first: Database, second: Database) -> None:
    """Let each stand under the name of the other; whoever is connected is thrown out."""
    server = first.server
    for one in (first, second):
        throw_out(one)
    names = (first.name, "between"), (second.name, first.name), ("between", second.name)
    for before, after in names:
        server.admin(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(before), sql.Identifier(after)
            )
        )


def test_a_longer_history_that_is_not_ours_freezes_at_the_next_batch(
    first: Database, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    with open_world_on(server_of(first), ours) as world:
        write(world, 1)
    with fresh_database(first.server, template=first.name) as second:
        with open_world_on(server_of(second), theirs) as world:
            write(world, 11, 12, 13, 14, 15)
        with open_world_on(server_of(first), ours) as world, world.serving() as writer:
            for number in (2, 3):
                assert isinstance(writer.submit(a_pull(number)), Committed)
            swap(first, second)  # All of it in less than a second after the last proof.

            with pytest.raises(LogFrozenError, match="frozen"):
                writer.submit(a_pull(4))
            serving = writer.waiting

    assert serving is False


def test_the_same_history_on_another_connection_goes_on(first: Database, tmp_path: Path) -> None:
    with open_world_on(server_of(first), tmp_path) as world, world.serving() as writer:
        before = writer.submit(a_pull(1))
        throw_out(first)
        after = writer.submit(a_pull(2))

        assert (type(before), type(after)) == (Committed, Committed)
        assert world.faults() == ()
