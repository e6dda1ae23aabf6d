"""The whole topology on this machine: PostgreSQL, SeaweedFS, several ``myspace serve``, nginx.

What is in its folder:

- ``postgresql``, ``seaweedfs``, ``nginx``: what belongs to each, with its log beside or in it;
- ``keys/root.key``, ``state``: apart from the data, as in production;
- ``data``: keys of the demonstration's departments and the one-time codes; nothing else, for the
  rows are in PostgreSQL and the sealed files in SeaweedFS;
- ``environment``: the settings, for a shell in which ``myspace`` is to be used beside it.
"""

import http.client
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from api.consent_page import Text
from api.settings import PREFIX
from scripts.folder_lock import Turn
from scripts.local.accounts import TRAVERSABLE
from scripts.local.nginx import Nginx, running_nginx
from scripts.local.postgresql import Postgresql
from scripts.local.process import HOST, MYSPACE, Process, free_port, plain_environment
from scripts.local.seaweedfs import SeaweedFS, seaweedfs
from scripts.outcomes import Exit, OperatorError
from scripts.serving import claim_port
from vault.crypto.providers import create_key_file

SERVERS: Final = 2
LOGS: Final = 2
THREADS: Final = 16
"""Of each server: both together stay far below the connections that PostgreSQL takes."""

ENVIRONMENT: Final = "environment"
_BUCKET: Final = "vault"
_START_SECONDS: Final = 60.0
_ASK_SECONDS: Final = 2.0


class Api:
    """One ``myspace serve``, at a port that it keeps however often it is started.

    Attributes:
        name: What to call it in front of people.
        port: Of 127.0.0.1.
        log: What it writes.
    """

    def __init__(self, number: int, *, folder: Path, environment: Mapping[str, str]) -> None:
        """Prepare the server with this number."""
        self.name: Final = f"API {number}"
        self.port: Final = free_port()
        self.log: Final = folder / f"api-{number}.log"
        self._environment = environment
        self._process: Process | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.alive

    def start(self) -> None:
        """Start it; ``wait`` says when it is ready."""
        arguments = ("serve", "--demo", "--port", str(self.port))
        self._process = Process.start(
            [*MYSPACE, *arguments],
            name=self.name,
            log=self.log,
            environment=plain_environment() | dict(self._environment),
        )

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            OperatorError: It has ended instead; with the end of its log.
        """
        if self._process is not None:
            self._process.wait_until(lambda: self.asked("/readyz") == HTTPStatus.OK)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; one that does not run gets nothing."""
        if self._process is not None:
            self._process.send(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; return its exit status."""
        return 0 if self._process is None else self._process.stop(number, seconds=_START_SECONDS)

    def asked(self, path: str) -> int:
        """Return the status that it answers with, 0 for no answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_ASK_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All of it, up.

    Attributes:
        folder: Everything that it has.
        environment: The settings of each server.
    """

    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    postgresql: Postgresql
    seaweedfs: SeaweedFS
    servers: tuple[Api, ...]
    nginx: Nginx

    @property
    def data(self) -> Path:
        """The data folder, which the servers share."""
        return self.folder / "data"

    def alive(self) -> dict[str, bool]:
        """Say of each process that may end by itself whether it has not."""
        return {
            "PostgreSQL": self.postgresql.alive,
            **{one.name: one.alive for one in self.servers},
            "nginx": self.nginx.process.alive,
        }

    def myspace(self, *arguments: str) -> int:
        """Run an operator's command on this deployment, on our terminal; return its status."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        done = subprocess.run(  # noqa: S603 - our own program
            [*MYSPACE, *arguments], env=ours | dict(self.environment), check=False
        )
        return done.returncode


@contextmanager
def running_cluster(
    folder: Path, *, port: int, kept: bool, step: Callable[[Text], None]
) -> Iterator[Cluster]:
    """Run everything until the end of the block; then it ends in the opposite order.

    Args:
        folder: For it alone; one that the account of the servers can get to (``open_folder``).
        port: Of nginx, 0 for a free one.
        kept: Whether what is in the folder will be wanted again.
        step: Told what is started next.

    Raises:
        OperatorError: Something is not installed or does not start, the port is not free, or
            another cluster uses the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(TRAVERSABLE)
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        chosen = _free(port)
        step(Text("PostgreSQL", "PostgreSQL"))
        postgresql = stack.enter_context(Postgresql(folder / "postgresql"))
        step(Text("SeaweedFS（S3 对象存储）", "SeaweedFS, an S3 object store"))
        store = stack.enter_context(seaweedfs(folder / "seaweedfs", kept=kept))
        environment = _environment(folder, postgresql=postgresql, store=store, port=chosen)
        _write(folder / ENVIRONMENT, environment)
        step(Text(f"{SERVERS} 个 API 进程", f"{SERVERS} API processes"))
        servers = tuple(
            Api(number, folder=folder, environment=environment) for number in range(1, SERVERS + 1)
        )
        for one in servers:  # All at once: of those that find nothing, one makes the deployment.
            stack.callback(one.stop)
            one.start()
        for one in servers:
            one.wait()
        step(Text("nginx", "nginx"))
        backends = [one.port for one in servers]
        nginx = stack.enter_context(
            running_nginx(folder / "nginx", backends=backends, port=chosen)
        )
        yield Cluster(
            folder=folder,
            environment=environment,
            postgresql=postgresql,
            seaweedfs=store,
            servers=servers,
            nginx=nginx,
        )


def _environment(
    folder: Path, *, postgresql: Postgresql, store: SeaweedFS, port: int
) -> dict[str, str]:
    """Make what each server needs besides its database, and return their settings."""
    key, credentials = folder / "keys" / "root.key", folder / "keys" / "s3"
    key.parent.mkdir(exist_ok=True, mode=0o700)
    if not key.exists():
        create_key_file(key, random=os.urandom)
    credentials.unlink(missing_ok=True)
    store.vault.write(credentials)
    settings = {
        "DATA": folder / "data",
        "STATE": folder / "state",
        "ISSUER": f"http://{HOST}:{port}",
        "DEMO": "true",
        "LOGS": LOGS,
        "KEYS__ROOT_KEY_FILE": key,
        "LIMITS__REQUEST_THREADS": THREADS,
        "POSTGRESQL__ADDRESS": postgresql.address(),
        "POSTGRESQL__PASSWORD_FILE": postgresql.password_file,
        "S3__ADDRESS": f"http://{store.endpoint}/{store.make_bucket(_BUCKET)}",
        "S3__CREDENTIALS_FILE": credentials,
    }
    return {f"{PREFIX}{name}": str(value) for name, value in settings.items()}


def _write(path: Path, environment: Mapping[str, str]) -> None:
    """Write the settings as a shell reads them; no secret is among them, only where it lies."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
    path.write_text("".join(lines), "utf-8")


def _free(port: int) -> int:
    """Return ``port``, or a free one for 0.

    Raises:
        OperatorError: Somebody listens there.
    """
    with claim_port(port) as held:
        chosen: int = held.getsockname()[1]
    return chosen


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    turn = Turn(folder / "cluster.lock")
    try:
        if not turn.mine():
            raise OperatorError(
                f"{folder} 正由另一个集群使用。请先停止它，或用 --data 指定另一个文件夹。",
                f"Another cluster uses {folder}. Stop it, or name another folder with --data.",
                code=Exit.UNAVAILABLE,
            )
        yield
    finally:
        turn.close()
