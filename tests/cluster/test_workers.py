"""Several processes behind one port: all answer, one that dies is replaced, all end together."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import pytest

from scripts.local import proc
from scripts.local.accounts import open_folder
from scripts.local.postgresql import Postgresql, running_postgresql
from scripts.local.postgresql_files import DATABASE
from scripts.local.process import HOST, Process, became, free_port, plain_environment
from scripts.outcomes import Exit
from tests.support.served import MYSPACE
from vault.crypto.providers import create_key_file

SECONDS = 30
WORKERS = 2

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Served:
    """A program with several workers."""

    process: Process
    port: int

    def workers(self) -> tuple[int, ...]:
        return proc.children(self.process.pid)

    def asked(self, path: str) -> int:
        connection = HTTPConnection(HOST, self.port, timeout=SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    with open_folder() as folder, running_postgresql(folder / "server") as server:
        yield server


@contextmanager
def serving(server: Postgresql, folder: Path, **more: str) -> Iterator[Served]:
    """Run a program until the end of the block; it need not have started by then."""
    port = free_port()
    process = Process.start(
        [MYSPACE, "serve", "--demo", "--workers", str(WORKERS), "--port", str(port)],
        name="workers",
        log=folder / "log",
        environment=plain_environment()
        | {
            "MYSPACE_DATA": str(folder / "data"),
            "MYSPACE_STATE": str(folder / "state"),
            "MYSPACE_KEYS__ROOT_KEY_FILE": str(folder / "root.key"),
            "MYSPACE_LIMITS__REQUEST_THREADS": "8",
            "MYSPACE_POSTGRESQL__ADDRESS": server.address(),
            "MYSPACE_POSTGRESQL__PASSWORD_FILE": str(server.password_file),
        }
        | more,
    )
    with process:
        yield Served(process=process, port=port)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workers")
    create_key_file(folder / "root.key", random=os.urandom)
    return folder


@pytest.fixture(scope="module")
def served(server: Postgresql, folder: Path) -> Iterator[Served]:
    """Return a program whose workers all run."""
    with serving(server, folder) as served:
        served.process.wait_until(lambda: served.asked("/readyz") == HTTPStatus.OK)
        yield served


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Let a process do nothing while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    assert became(lambda: proc.is_paused(pid), seconds=SECONDS)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def each_says(served: Served, path: str) -> list[int]:
    """Return what each worker answers: it alone takes connections while the others stand still."""
    first, second = served.workers()
    found = []
    for other in (second, first):
        with standing_still(other):
            found.append(served.asked(path))
    return found


def all_ready(served: Served) -> bool:
    return len(served.workers()) == WORKERS and each_says(served, "/readyz") == [200, 200]


def test_each_worker_answers(served: Served) -> None:
    assert became(lambda: all_ready(served), seconds=SECONDS)


def test_a_worker_that_is_killed_is_started_anew(served: Served) -> None:
    gone, stays = served.workers()

    os.kill(gone, signal.SIGKILL)

    assert served.asked("/readyz") == 200  # The other one serves.
    assert became(lambda: gone not in served.workers() and all_ready(served), seconds=SECONDS)
    assert stays in served.workers()


def test_a_worker_that_cannot_start_ends_the_program_with_its_exit_code(
    served: Served, server: Postgresql, folder: Path
) -> None:
    with serving(server, folder, MYSPACE_LOGS="3") as other:
        assert became(lambda: not other.process.alive, seconds=SECONDS)
        status = other.process.stop()

    assert status == Exit.CONFIGURATION
    assert "MYSPACE_LOGS" in (folder / "log").read_text()


def test_a_log_that_is_frozen_makes_every_worker_unready_and_none_dead(
    served: Served, server: Postgresql
) -> None:
    server.admin("UPDATE log_head SET frozen = 1", database=DATABASE)

    assert became(lambda: each_says(served, "/readyz") == [503, 503], seconds=SECONDS)
    assert each_says(served, "/healthz") == [200, 200]


def test_told_to_stop_all_end_after_what_they_have_begun(served: Served) -> None:
    workers = served.workers()
    connection = HTTPConnection(HOST, served.port, timeout=SECONDS)
    body = b"client_id=nobody"
    connection.putrequest("POST", "/oauth/par")
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:1])

    served.process.send(signal.SIGTERM)
    refused = became(lambda: served.asked("/healthz") == 0, seconds=SECONDS)
    connection.send(body[1:])
    answer = connection.getresponse()
    told = (answer.status, answer.getheader("Connection"))
    connection.close()
    status = served.process.stop()

    assert refused
    assert told == (401, "close")
    assert status == 0
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
