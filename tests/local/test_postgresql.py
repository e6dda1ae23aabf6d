"""A real PostgreSQL starts, answers, breaks and comes back as told."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from scripts.local.accounts import account
from scripts.local.postgresql import Postgresql, running_postgresql
from scripts.local.postgresql_files import copy_programs, installation
from scripts.local.proc import is_paused
from scripts.local.process import became, plain_environment
from scripts.outcomes import OperatorError


def test_a_server_is_ready_in_under_a_second(folder: Path) -> None:
    server = Postgresql(folder / "server")
    before = time.monotonic()

    with server.start():
        assert time.monotonic() - before < 1


def test_our_role_owns_its_database_and_is_no_superuser(calm: Postgresql) -> None:
    with calm.connect() as connection:
        found = connection.execute(
            "SELECT current_user, usesuper, pg_get_userbyid(datdba), datlocprovider, datlocale,"
            " pg_encoding_to_char(encoding), current_setting('fsync'),"
            " current_setting('full_page_writes')"
            " FROM pg_user, pg_database WHERE usename = current_user AND datname = 'vault'"
        ).fetchone()

    assert found == ("vault", False, "vault", "b", "C.UTF-8", "UTF8", "on", "on")
    assert calm.password_file.stat().st_mode & 0o777 == 0o600


def test_nobody_enters_without_a_password(calm: Postgresql) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(calm.address(), passfile=os.devnull)


def test_databases_come_and_go(calm: Postgresql) -> None:
    calm.create_database("other")
    with calm.connect("other") as connection:
        connection.execute("CREATE TABLE kept (n int)")
        calm.create_database("copy", template="vault")
        calm.drop_database("other")

        with pytest.raises(psycopg.OperationalError):
            connection.execute("TABLE kept")
    assert calm.admin("SELECT datname FROM pg_database WHERE datname IN ('other', 'copy')") == [
        ("copy",)
    ]
    calm.drop_database("copy")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_committed_outlasts_a_stop(server: Postgresql, mode: str) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    port, pid = server.port, server.pid

    server.restart("fast" if mode == "fast" else "immediate")

    with server.connect() as connection:
        assert connection.execute("TABLE kept").fetchall() == [(7,)]
    assert (server.port, server.pid == pid) == (port, False)


def test_data_that_are_there_already_are_taken_over(folder: Path) -> None:
    with running_postgresql(folder) as first:
        first.create_database("kept")

    with running_postgresql(folder, settings={"max_connections": 10}) as second:
        assert second.admin("SELECT 1 FROM pg_database WHERE datname = 'kept'") == [(1,)]
        assert second.admin("SHOW max_connections") == [("10",)]


def test_a_paused_backend_waits_and_goes_on(calm: Postgresql) -> None:
    with calm.connect() as connection:
        connection.execute("SET application_name = 'waits'")
        (backend,) = calm.backends()
        calm.pause(backend.pid)
        paused = is_paused(backend.pid)

        calm.resume(backend.pid)

        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert (backend.application, backend.role, backend.database) == ("waits", "vault", "vault")
    assert paused


def test_a_server_with_a_paused_backend_stops(server: Postgresql) -> None:
    with server.connect():
        server.pause(server.backends()[0].pid)
        before = time.monotonic()

        server.stop()

    assert time.monotonic() - before < 5


def test_only_its_own_processes_are_paused(calm: Postgresql) -> None:
    with pytest.raises(ProcessLookupError):
        calm.pause(os.getpid())


def test_the_cpu_time_of_ended_backends_counts(calm: Postgresql) -> None:
    before = calm.cpu_seconds()
    with calm.connect() as connection:
        connection.execute("SELECT count(*) FROM generate_series(1, 2000000)")
    became(lambda: not calm.backends(), seconds=5)

    assert calm.cpu_seconds() - before > 0.05


def test_settings_change_while_it_runs(server: Postgresql) -> None:
    server.set(work_mem="7MB")

    assert server.admin("SHOW work_mem") == [("7MB",)]


def test_a_setting_that_is_wrong_is_told(folder: Path) -> None:
    server = Postgresql(folder, settings={"no_such_setting": "it's"})

    with pytest.raises(OperatorError, match="no_such_setting"):
        server.start()


def test_a_folder_closed_to_its_account_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    if os.geteuid() == 0:
        with pytest.raises(OperatorError, match="cannot enter"):
            Postgresql(tmp_path / "server")
    else:
        with running_postgresql(tmp_path / "server") as server:
            assert server.admin("SELECT 1") == [(1,)]


def test_what_was_committed_outlasts_the_end_of_all_its_processes(server: Postgresql) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server.pause(server.backends()[0].pid)

        server.kill()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("TABLE kept")
    with server.start().connect() as connection:
        assert connection.execute("TABLE kept").fetchall() == [(7,)]


def test_a_postmaster_that_was_killed_starts_again(server: Postgresql) -> None:
    os.kill(server.pid, signal.SIGKILL)

    server.restart()

    assert server.admin("SELECT 1") == [(1,)]


def test_programs_run_from_where_they_are_copied_to(folder: Path) -> None:
    copy = copy_programs(installation(), folder)
    who = account()

    told = subprocess.run(  # noqa: S603 - a copy of ours
        [copy / "pginstall" / "bin" / "pg_isready", "--version"],
        env=plain_environment(),
        capture_output=True,
        check=True,
        user=who.user if who else None,
    )

    assert b"PostgreSQL" in told.stdout
