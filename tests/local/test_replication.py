"""A standby follows its primary; what a synchronous primary acknowledged outlives it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.local.postgresql import Postgresql
from scripts.local.process import became
from scripts.local.replication import (
    catch_up,
    followers,
    make_synchronous,
    promote,
    standby_of,
)

STANDBY = "standby"


@pytest.fixture
def standby(server: Postgresql, folder: Path) -> Iterator[Postgresql]:
    """Return a standby that follows the server."""
    with standby_of(server, folder / STANDBY, name=STANDBY) as standby:
        yield standby


@pytest.mark.parametrize("slot", [True, False])
def test_a_standby_shows_what_its_primary_committed(
    server: Postgresql, folder: Path, *, slot: bool
) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

    with standby_of(server, folder / STANDBY, name=STANDBY, slot=slot) as standby:
        with server.connect() as connection:
            connection.execute("INSERT INTO kept VALUES (8)")
        catch_up(server, STANDBY)

        with standby.connect() as connection:
            assert connection.execute("TABLE kept ORDER BY n").fetchall() == [(7,), (8,)]
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("INSERT INTO kept VALUES (9)")
        assert len(server.admin("SELECT slot_name FROM pg_replication_slots")) == slot
        assert followers(server)[STANDBY].sync == "async"


def test_an_acknowledged_commit_outlives_a_synchronous_primary(
    server: Postgresql, standby: Postgresql
) -> None:
    make_synchronous(server, STANDBY)
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept (n int)")
        acknowledged = [
            connection.execute("INSERT INTO kept VALUES (%s) RETURNING n", [n]).fetchone()
            for n in range(200)
        ]

    server.stop("immediate")
    promote(standby)

    with standby.connect() as connection:
        assert connection.execute("TABLE kept ORDER BY n").fetchall() == acknowledged
        connection.execute("INSERT INTO kept VALUES (-1)")


def test_a_synchronous_primary_waits_for_a_standby_that_is_away(
    server: Postgresql, standby: Postgresql
) -> None:
    make_synchronous(server, STANDBY)
    standby.stop()
    committed = threading.Event()

    def commit() -> None:
        with server.connect() as connection:
            connection.execute("CREATE TABLE kept (n int)")
        committed.set()

    thread = threading.Thread(target=commit)
    thread.start()
    waits = became(lambda: bool(_waiting(server)), seconds=5)
    early = committed.is_set()
    standby.start()
    thread.join(20)

    assert (waits, early, committed.is_set()) == (True, False, True)


def test_a_primary_sees_how_far_a_paused_standby_is_behind(
    server: Postgresql, standby: Postgresql
) -> None:
    catch_up(server, STANDBY)
    (receiver,) = standby.backends("walreceiver")
    standby.pause(receiver.pid)
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n")
    behind = followers(server)[STANDBY]
    standby.resume(receiver.pid)
    catch_up(server, STANDBY)

    assert behind.flush_lag > 100_000
    assert behind.replay_lag >= behind.flush_lag
    assert followers(server)[STANDBY].flush_lag == 0


def test_nobody_is_waited_for_any_more(server: Postgresql, standby: Postgresql) -> None:
    make_synchronous(server, STANDBY)
    standby.stop()

    make_synchronous(server)

    with server.connect() as connection:
        connection.execute("CREATE TABLE kept (n int)")


def _waiting(server: Postgresql) -> list[tuple[object, ...]]:
    return server.admin("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
