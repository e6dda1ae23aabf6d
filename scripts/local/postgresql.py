"""A real PostgreSQL: started, asked, paused, ended in every way, and started again.

Below its folder are the data, the log and one file with the password of each role. It listens
on 127.0.0.1 alone and asks everybody for a password: other people use this machine, too.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import psycopg
from psycopg import sql

from scripts.local import proc
from scripts.local.accounts import TRAVERSABLE, account, check_reachable
from scripts.local.postgresql_files import (
    DATABASE,
    ROLE,
    SUPERUSER,
    Settings,
    copy_cluster,
    program,
    write_settings,
)
from scripts.local.process import HOST, Process, became, free_port
from scripts.private_files import read_private, write_private

CONNECT_SECONDS: Final = 5
DEFAULTS: Final[Settings] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": 200,
    "shared_buffers": "64MB",
    "fsync": True,
    "full_page_writes": True,
    "synchronous_commit": True,
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}
_STOPS: Final = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One of its processes, which serves a connection or a standby."""

    pid: int
    role: str
    database: str
    application: str
    state: str


class Postgresql:
    """A server with its data.

    Attributes:
        folder: Everything that it has.
        log: What it wrote.
        port: Of 127.0.0.1; the same after a restart.
        password_file: With the password of the role ``vault`` alone, of mode 0600.
    """

    def __init__(self, folder: Path, *, settings: Settings | None = None) -> None:
        """Prepare a server in ``folder``; the data that are there already are taken over.

        Args:
            folder: For it alone; one that its account can get to (``open_folder``).
            settings: Of ``postgresql.conf``, over the ``DEFAULTS``.
        """
        self.folder: Final = folder
        self.data: Final = folder / "data"
        self.log: Final = folder / "postgresql.log"
        self.password_file: Final = folder / f"{ROLE}.password"
        self.superuser_password_file: Final = folder / f"{SUPERUSER}.password"
        self.settings: dict[str, str | int | bool] = {**DEFAULTS, **(settings or {})}
        self.port: Final = int(self.settings.setdefault("port", free_port()))
        self._process: Process | None = None
        self._paused: set[int] = set()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(TRAVERSABLE)
        check_reachable(self.data)
        if not self.data.exists():
            for role, password in copy_cluster(self.data).items():
                write_private(folder / f"{role}.password", password.encode())

    @property
    def pid(self) -> int:
        """Return the id of the postmaster, the parent of all its processes."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.alive

    def address(self, database: str = DATABASE, *, role: str = ROLE) -> str:
        """Return the address of a database, without the password."""
        return f"postgresql://{role}@{HOST}:{self.port}/{database}"

    def start(self) -> Self:
        """Start it, and wait until it takes connections."""
        if self._process is None:
            write_settings(self.data, self.settings)
            self._process = Process.start(
                [program("postgres"), "-D", self.data],
                name="PostgreSQL",
                log=self.log,
                account=account(),
                orphaned=signal.SIGQUIT,  # It takes its own children along; a kill leaves them.
            )
            self._process.wait_until(self._ready)
        return self

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it: ``fast`` ends sessions and writes a checkpoint, ``immediate`` is a crash."""
        if self._process is not None:
            for pid in tuple(self._paused):
                self.resume(pid)
            self._process.stop(_STOPS[mode])
            self._process = None

    def kill(self) -> None:
        """End all its processes at once, as when the machine stops; its files stay as they are."""
        process = self._running()
        process.send(signal.SIGSTOP)  # It starts no others meanwhile.
        for pid in proc.children(process.pid):
            proc.signal_child(pid, signal.SIGKILL, parent=process.pid)
        process.stop(signal.SIGKILL)
        self._process = None
        self._paused.clear()

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it and start it again."""
        self.stop(mode)
        self.start()

    def __enter__(self) -> Self:
        """Start it until the end of the block."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop it without writing a checkpoint: nobody looks at these data in a hurry."""
        self.stop("immediate" if not self.settings["fsync"] else "fast")

    def connect(
        self, database: str = DATABASE, *, role: str = ROLE
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect; each statement commits by itself."""
        password = read_private(self.folder / f"{role}.password").decode()
        return psycopg.connect(
            self.address(database, role=role),
            password=password,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
        )

    def admin(
        self, statement: str | sql.Composed, *, database: str = SUPERUSER
    ) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser; return the rows, if it has any."""
        asked = statement.encode() if isinstance(statement, str) else statement
        with self.connect(database, role=SUPERUSER) as connection:
            answer = connection.execute(asked)
            return answer.fetchall() if answer.description else []

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database that belongs to the role ``vault``."""
        self.admin(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(template or "template0")
            )
        )

    def drop_database(self, name: str) -> None:
        """Drop a database; who is connected to it is thrown out."""
        self.admin(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def set(self, **settings: str | int | bool) -> None:
        """Change settings that need no restart, for all, from now on."""
        for name, value in settings.items():
            self.admin(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(
                    sql.Identifier(name), sql.Literal(str(value))
                )
            )
        self.admin("SELECT pg_reload_conf()")

    def backends(self, kind: str = "client backend") -> tuple[Backend, ...]:
        """Return its processes of one kind, but for the one that asks; the oldest first."""
        rows = self.admin(
            sql.SQL(
                "SELECT pid, coalesce(usename, ''), coalesce(datname, ''),"
                " application_name, coalesce(state, '')"
                " FROM pg_stat_activity WHERE backend_type = {}"
                " AND pid <> pg_backend_pid() ORDER BY backend_start, pid"
            ).format(sql.Literal(kind))
        )
        return tuple(
            Backend(pid=pid, role=role, database=database, application=application, state=state)
            for pid, role, database, application, state in rows
        )

    def pause(self, pid: int) -> None:
        """Stop one of its processes where it stands, with whatever locks it holds."""
        proc.signal_child(pid, signal.SIGSTOP, parent=self.pid)
        self._paused.add(pid)
        became(lambda: proc.is_paused(pid), seconds=CONNECT_SECONDS)

    def resume(self, pid: int) -> None:
        """Let a paused process go on; one that has ended meanwhile does not mind."""
        self._paused.discard(pid)
        if pid in proc.children(self.pid):
            proc.signal_child(pid, signal.SIGCONT, parent=self.pid)

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used since its start, in all its processes."""
        return proc.cpu_seconds(self.pid)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process

    def _ready(self) -> bool:
        try:
            self.connect(SUPERUSER, role=SUPERUSER).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgresql(folder: Path, *, settings: Settings | None = None) -> Iterator[Postgresql]:
    """Run a server in ``folder`` until the end of the block."""
    with Postgresql(folder, settings=settings) as server:
        yield server
