"""Server processes to be measured: started, waited for, watched, and ended."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.settings import PREFIX, Settings
from scripts.bench import bare
from scripts.local.proc import cpu_seconds
from scripts.local.process import MYSPACE
from scripts.outcomes import Exit, OperatorError
from scripts.serving import HOST, claim_port

START_SECONDS: Final = 60
STOP_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers at ``port``."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Return the CPU time that all processes of the server have used so far."""
        return cpu_seconds(self.process.pid)


@contextmanager
def bare_server(folder: Path) -> Iterator[Served]:
    """Run the server that is the unit."""
    with claim_port(0) as held:
        held.set_inheritable(True)
        port: int = held.getsockname()[1]
        command = [sys.executable, "-m", bare.__name__, str(held.fileno())]
        process = _started(command, folder, name="bare", keep=(held.fileno(),))
    with _running(process, port=port, path=bare.TARGET, log=folder / "bare.log") as served:
        yield served


@contextmanager
def vault_server(settings: Settings, folder: Path, *, workers: int = 1) -> Iterator[Served]:
    """Run ``myspace serve`` on the deployment of ``settings``, as an operator would."""
    with claim_port(0) as held:
        port: int = held.getsockname()[1]
    command = [*MYSPACE, "serve", "--port", str(port)]
    command += ["--data", str(settings.data), "--workers", str(workers)]
    process = _started(command, folder, name="vault", more=_environment(settings))
    with _running(process, port=port, path="/readyz", log=folder / "vault.log") as served:
        yield served


def _environment(settings: Settings) -> dict[str, str]:
    server = settings.postgresql
    named = {} if server is None else {f"{PREFIX}POSTGRESQL__ADDRESS": server.address}
    if server is not None and server.password_file is not None:
        named[f"{PREFIX}POSTGRESQL__PASSWORD_FILE"] = str(server.password_file)
    return named | {
        f"{PREFIX}STATE": str(settings.state),
        f"{PREFIX}ISSUER": settings.issuer,
        f"{PREFIX}KEYS__PROVIDER": settings.keys.provider.value,
        f"{PREFIX}KEYS__ROOT_KEY_FILE": str(settings.keys.root_key_file),
        f"{PREFIX}LIMITS__CLIENT_PROTOCOL_A_MINUTE": str(settings.limits.client_protocol_a_minute),
    }


def _started(
    command: Sequence[str],
    folder: Path,
    *,
    name: str,
    keep: tuple[int, ...] = (),
    more: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=ours | dict(more or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=keep,
        )


@contextmanager
def _running(
    process: subprocess.Popen[bytes], *, port: int, path: str, log: Path
) -> Iterator[Served]:
    try:
        _wait(process, port=port, path=path, log=log)
        yield Served(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], *, port: int, path: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if _answers(port, path):
            return
        time.sleep(0.05)
    told = log.read_text("utf-8", "replace").strip()[-500:]
    raise OperatorError(
        f"被测服务没有启动：{told}。请先运行 myspace doctor，再重试。",
        f"The server to be measured did not start: {told}. Run myspace doctor, then try again.",
        code=Exit.SOFTWARE,
    )


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
