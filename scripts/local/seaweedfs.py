"""A real SeaweedFS on 127.0.0.1, from the wheel's own program: one copy, or a small cluster.

Everything lies below one folder; ports are free ones; whoever started it stops it, and nothing
of it outlives the block. The keys are drawn anew each time.
"""

import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from scripts.outcomes import Exit, OperatorError

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
REGION: Final = "us-east-1"

_PAUSE: Final = 0.05
_TRIAL: Final = "trial"
_SMALL: Final = {
    # A bucket begins with one volume instead of seven: there are many buckets, and all small.
    "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    "WEED_MASTER_VOLUME_GROWTH_COPY_2": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One who may speak to the S3 port.

    Attributes:
        actions: What it may do, in SeaweedFS's words.
    """

    access_key: str
    secret_key: str = field(repr=False)
    actions: tuple[str, ...]

    @classmethod
    def draw(cls, name: str, *actions: str) -> "Login":
        """Return a login with a new secret key."""
        return cls(access_key=name, secret_key=secrets.token_hex(16), actions=actions)

    def write(self, path: Path) -> Path:
        """Write the two keys to a file of mode 0600, as the vault reads them; return it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{self.access_key}\n{self.secret_key}\n")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class SeaweedFS:
    """A store that answers.

    Attributes:
        port: Of its S3 interface, on 127.0.0.1, without TLS.
        owner: May make buckets.
        vault: May read, write and remove objects, and may not list: what the vault needs.
        reader: May read alone.
        volumes: The processes that hold the data.
    """

    port: int
    owner: Login
    vault: Login
    reader: Login
    volumes: "tuple[subprocess.Popen[bytes], ...]"

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def make_bucket(self) -> str:
        """Make a new bucket; return its name."""
        name = f"vault-{secrets.token_hex(8)}"
        _client(self).make_bucket(name)
        return name


@contextmanager
def seaweedfs(folder: Path, *, volumes: int = 1, replication: str = "000") -> Iterator[SeaweedFS]:
    """Run a master, volume servers, a filer and its S3 interface while the block runs.

    Args:
        folder: Where each has a folder of its own, and its log.
        volumes: How many volume servers hold the data; more than there are extra copies.
        replication: How many extra copies are kept, in SeaweedFS's three digits: ``001`` is
            one, on another volume server of the same rack.

    Raises:
        OperatorError: It did not start; the message ends with what it said.
    """
    master, filer, s3 = _Ports.free(), _Ports.free(), _Ports.free()
    known = f"-master={master.address}"
    owner = Login.draw("owner", "Admin", "Read", "Write", "List")
    vault, reader = Login.draw("vault", "Read", "Write"), Login.draw("reader", "Read")
    with ExitStack() as stack:

        def start(name: str, *options: str) -> "subprocess.Popen[bytes]":
            return stack.enter_context(_process(name, options, folder))

        start(
            "master",
            *("-mdir=.", "-peers=none", "-electionTimeout=1s", "-telemetry=false"),
            *(f"-defaultReplication={replication}", "-volumeSizeLimitMB=1024"),
            *master.options,
        )
        master.wait()  # Who finds nobody there tries again much later.
        holders = tuple(
            start(
                f"volume-{number}",
                *("-dir=.", "-max=1000", "-preStopSeconds=0", known),
                *_Ports.free().options,
            )
            for number in range(volumes)
        )
        start(
            "filer",
            *("-localSocket=filer.sock", f"-defaultReplicaPlacement={replication}", known),
            *filer.options,
        )
        filer.wait()
        start(
            "s3",
            *("-localSocket=s3.sock", "-port.iceberg=0", "-port.lance=0", "-cacheCapacityMB=0"),
            *(f"-config={_identities(folder, owner, vault, reader)}", "-autoCreateBucket=false"),
            f"-filer={filer.address}",
            *s3.options,
        )
        opened = SeaweedFS(port=s3.http, owner=owner, vault=vault, reader=reader, volumes=holders)
        _wait(opened, folder)
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    """Two free ports of one server; without being told, SeaweedFS takes fixed ones."""

    http: int
    grpc: int

    @classmethod
    def free(cls) -> "_Ports":
        with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
            return cls(http=one.getsockname()[1], grpc=other.getsockname()[1])

    @property
    def address(self) -> str:
        """How the other servers are told of this one."""
        return f"{HOST}:{self.http}.{self.grpc}"

    def wait(self) -> None:
        """Return when the server takes connections, or when it should have long since."""
        until = time.monotonic() + START_SECONDS
        for port in (self.http, self.grpc):
            while time.monotonic() < until:
                with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                    break
                time.sleep(_PAUSE)

    @property
    def options(self) -> tuple[str, str]:
        return f"-port={self.http}", f"-port.grpc={self.grpc}"


def _identities(folder: Path, *logins: Login) -> Path:
    """Write who may come in to a file of mode 0600; return it."""
    identities = [
        {
            "name": one.access_key,
            "credentials": [{"accessKey": one.access_key, "secretKey": one.secret_key}],
            "actions": list(one.actions),
        }
        for one in logins
    ]
    path = (folder / "s3.json").absolute()
    path.touch(mode=0o600)
    path.write_text(json.dumps({"identities": identities}), "ascii")
    return path


@contextmanager
def _process(
    name: str, options: Sequence[str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one server in a folder of its own; it is killed, since its data are thrown away.

    Sockets have names relative to that folder: the path of a socket may be 107 bytes long.
    """
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    command = [_program(), name.partition("-")[0], f"-ip={HOST}", f"-ip.bind={HOST}", *options]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the program of a locked wheel
            command,
            cwd=own,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _environment() -> Mapping[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("WEED_")}
    return ours | _SMALL


def _program() -> str:
    path = Path(sys.executable).with_name("weed")
    if not path.exists():
        raise OperatorError(
            "没有找到 weed。请先运行 ./scripts/test quick 安装开发依赖。",
            "There is no weed beside this Python. Run ./scripts/test quick to install what "
            "development needs.",
            code=Exit.CONFIGURATION,
        )
    return str(path)


def _client(opened: SeaweedFS, *, timeout: float = 5) -> Minio:
    return Minio(
        opened.endpoint,
        access_key=opened.owner.access_key,
        secret_key=opened.owner.secret_key,
        secure=False,
        region=REGION,
        http_client=PoolManager(retries=False, timeout=timeout),
    )


def _wait(opened: SeaweedFS, folder: Path) -> None:
    """Wait until an object can be written: ports answer before there is a place for data."""
    until = time.monotonic() + START_SECONDS
    client = _client(opened, timeout=1)
    while time.monotonic() < until:
        try:
            if not client.bucket_exists(_TRIAL):
                client.make_bucket(_TRIAL)
            client.put_object(_TRIAL, _TRIAL, io.BytesIO(b"?"), 1)
        except (MinioException, HTTPError):
            time.sleep(_PAUSE)
        else:
            return
    told = "\n".join(
        path.read_text("utf-8", "replace").strip()[-300:] for path in sorted(folder.glob("*.log"))
    )
    raise OperatorError(
        f"SeaweedFS 没有启动：{told}", f"SeaweedFS did not start: {told}", code=Exit.SOFTWARE
    )
