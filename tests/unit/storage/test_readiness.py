"""A writer knows whether it serves: asked, it neither waits nor looks."""

from pathlib import Path

from structlog.typing import EventDict

from scripts.local.accounts import open_folder
from scripts.local.postgresql import running_postgresql
from scripts.local.process import became
from scripts.private_files import read_private
from storage.migrate import upgrade
from storage.postgresql import Server, open_postgresql
from tests.support.writer import World, a_pull, open_world_on
from vault.journal.operations import Committed

SECONDS = 20


def test_it_serves_from_its_start_to_its_end(world: World) -> None:
    writer = world.writer()
    before = writer.waiting
    writer.start()
    during = writer.waiting
    writer.stop()

    assert (before, during, writer.waiting) == (False, True, False)


def test_a_log_that_somebody_else_froze_is_noticed_by_a_writer_that_has_nothing_to_do(
    postgresql: World,
) -> None:
    with postgresql.serving() as writer:
        postgresql.say("UPDATE log_head SET frozen = 1")

        assert became(lambda: not writer.waiting, seconds=SECONDS)


def test_without_its_server_it_does_not_serve_and_with_it_it_does_again(
    tmp_path: Path, logged: list[EventDict]
) -> None:
    with open_folder() as folder, running_postgresql(folder / "server") as postgresql:
        password = read_private(postgresql.password_file).decode()
        server = Server(address=postgresql.address(), password=password)
        with open_postgresql(server, threads=1) as database:
            upgrade(database.journal)
        with open_world_on(server, tmp_path) as world, world.serving() as writer:
            postgresql.stop("immediate")
            gone = became(lambda: not writer.waiting, seconds=SECONDS)
            postgresql.start()
            back = became(lambda: writer.waiting, seconds=SECONDS)
            outcome = writer.submit(a_pull(1))

    assert (gone, back) == (True, True)
    assert isinstance(outcome, Committed)  # The first one: its connection is a new one already.
    told = [one for one in logged if one["event"] == "the log could not be looked at"]
    assert len(told) == 1
