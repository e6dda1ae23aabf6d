"""A schema changes under a running deployment: expand, migrate, contract (from the first on).

Traffic goes on all the time: every pull and deposit that is asked for during the change has to
succeed, in the processes of before and in those that start after it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.cli import app
from scripts.local.postgresql import Postgresql
from scripts.private_files import read_private
from storage.failures import NewerDataError, OlderDataError
from storage.migrate import MIGRATING, current, head, prepare_shared, upgrade
from storage.postgresql import Server, open_postgresql
from tests.support.founding import found_town, open_vault, put_on, settings_of
from tests.support.postgres import server_for_tests
from tests.support.town import Town

FIRST = "0001"
BEFORE = "0008"
ADDED = ("passkey", "passkey_use", "passkey_challenge")
"""Tables of the newest migrations."""
THREADS = 4


@dataclass
class Deployment:
    """A town whose database is on a server of its own."""

    folder: Path
    postgresql: Postgresql

    @property
    def server(self) -> Server:
        password = read_private(self.postgresql.password_file).decode()
        return Server(address=self.postgresql.address(), password=password)

    def schema(self) -> str | None:
        with open_postgresql(self.server, threads=1) as database:
            return current(database.engine)

    def upgrade(self, to: str = "head") -> None:
        with open_postgresql(self.server, threads=1) as database:
            upgrade(database.journal, to=to)

    def say(self, *statements: str) -> None:
        with self.postgresql.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def serving(self) -> Iterator[Town]:
        with open_vault(self.folder) as vault:
            yield Town(vault)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Return a deployment on an empty database."""
    with server_for_tests(settings={"fsync": True}) as postgresql:
        put_on(tmp_path, address=postgresql.address(), password_file=postgresql.password_file)
        yield Deployment(tmp_path, postgresql)


@dataclass
class Traffic:
    """Holders whose evidence is deposited and pulled, over and over."""

    done: int = 0
    failures: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def on(self, town: Town, *, first: int) -> Iterator[None]:
        """Keep ``town`` busy while the block runs."""
        threads = [
            threading.Thread(target=self._live, args=(town, 1000 * (first + number)))
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            self._over.clear()

    def _live(self, town: Town, person: int) -> None:
        try:
            while not self._over.is_set():
                person += 1
                town.deposit(person, name="张示例")
                granted = town.consent(person, town.open_case(person).case_no)
                town.pull(granted.live)
                with self._lock:
                    self.done += 1
        except BaseException as error:  # noqa: BLE001 - the test's own thread looks at it
            self.failures.append(error)

    def more(self, count: int = 10) -> None:
        """Wait until so many lives more have been led."""
        wanted = self.done + count
        _soon(lambda: self.done >= wanted or bool(self.failures))
        assert self.failures == []


def _soon(happened: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if happened():
            return
        waiting.wait(0.1)
    raise AssertionError


def as_it_was_before(deployment: Deployment) -> None:
    """Take the newest migrations back: what runs is now a generation that never needed them.

    Deposits, consents and pulls say nothing to its tables.
    """
    deployment.say(
        *(f"DROP TABLE {table}" for table in ADDED),
        "DROP INDEX ix_signin_person_id",
        f"UPDATE alembic_version SET version_num = '{BEFORE}'",  # noqa: S608 - from here
    )
    assert deployment.schema() == BEFORE


@pytest.mark.slow
def test_the_schema_is_migrated_while_two_generations_serve(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_town(deployment.folder)
    traffic = Traffic()
    settings = settings_of(deployment.folder).postgresql
    assert settings is not None
    monkeypatch.setenv("MYSPACE_POSTGRESQL__ADDRESS", settings.address)
    monkeypatch.setenv("MYSPACE_POSTGRESQL__PASSWORD_FILE", str(settings.password_file))

    with deployment.serving() as before, traffic.on(before, first=1):
        as_it_was_before(deployment)
        traffic.more()
        with pytest.raises(OlderDataError), deployment.serving():
            pass
        migrated = CliRunner().invoke(app, ["migrate"])
        traffic.more()
        with deployment.serving() as after, traffic.on(after, first=500):
            traffic.more()

    assert migrated.exit_code == 0, migrated.output
    assert BEFORE in migrated.output
    assert deployment.schema() == head()
    assert traffic.failures == []


@pytest.mark.slow
def test_a_newer_schema_that_only_adds_is_served_and_one_that_removes_is_not(
    deployment: Deployment,
) -> None:
    found_town(deployment.folder)
    traffic = Traffic()

    with deployment.serving() as running, traffic.on(running, first=1):
        traffic.more(5)
        deployment.say(  # Expand, by a release that is not this one.
            "ALTER TABLE notice ADD COLUMN added_later text",
            "UPDATE alembic_version SET version_num = '9999'",
        )
        with deployment.serving() as again, traffic.on(again, first=500):
            traffic.more(5)
        deployment.say("UPDATE schema_floor SET oldest = '9999'")  # Contract comes next.
        with pytest.raises(NewerDataError, match="newer version"), deployment.serving():
            pass
        with traffic.on(running, first=700):
            traffic.more(5)

    assert traffic.failures == []


def test_a_schema_that_is_too_old_has_to_be_migrated_first(deployment: Deployment) -> None:
    deployment.upgrade(to=FIRST)
    with open_postgresql(deployment.server, threads=1) as database:
        with pytest.raises(OlderDataError, match="run: myspace migrate"):
            prepare_shared(database.journal, oldest=head())
        prepare_shared(database.journal, oldest=FIRST)

    assert deployment.schema() == FIRST


def test_of_two_that_migrate_at_once_one_waits_and_finds_it_done(deployment: Deployment) -> None:
    with deployment.postgresql.connect() as connection:
        connection.execute(f"SELECT pg_advisory_lock({MIGRATING})".encode())
        threads = [threading.Thread(target=deployment.upgrade) for _ in range(2)]
        for thread in threads:
            thread.start()
        threads[0].join(0.5)
        waiting = [thread.is_alive() for thread in threads]
        connection.execute(f"SELECT pg_advisory_unlock({MIGRATING})".encode())
        for thread in threads:
            thread.join(30)

    assert waiting == [True, True]
    assert deployment.schema() == head()


def test_processes_that_start_at_once_on_an_empty_database_found_one_deployment(
    deployment: Deployment,
) -> None:
    settings_of(deployment.folder)  # Draws the root key, which all of them need.
    ids = list[bytes]()
    together = threading.Barrier(3)

    def start() -> None:
        together.wait()
        with open_vault(deployment.folder) as vault:
            ids.append(vault.keyring.vault_id)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 3
    assert len(set(ids)) == 1
