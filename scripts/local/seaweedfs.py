"""A real SeaweedFS on 127.0.0.1, from the wheel's own program: one copy, or a small cluster.

Everything lies below one folder; ports are free ones; whoever started it stops it, and no
process of it outlives the block. The keys are drawn anew each time.
"""

import io
import json
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from scripts.local.process import HOST, Process, answers, free_port, plain_environment
from scripts.outcomes import Exit, OperatorError

REGION: Final = "us-east-1"
STOP_SECONDS: Final = 1.0
"""The filer has written all it has to by then, and goes on to wait for nobody for 15 seconds."""

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
    volumes: tuple[Process, ...]

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def client(self, *, timeout: float = 5) -> Minio:
        """Return the owner's client, who asks once; ``timeout`` in seconds."""
        return Minio(
            self.endpoint,
            access_key=self.owner.access_key,
            secret_key=self.owner.secret_key,
            secure=False,
            region=REGION,
            http_client=PoolManager(retries=False, timeout=timeout),
        )

    def make_bucket(self, name: str | None = None) -> str:
        """Make a bucket, a new one if none is named, unless it is there; return its name."""
        name = name or f"vault-{secrets.token_hex(8)}"
        client = self.client()
        if not client.bucket_exists(name):
            client.make_bucket(name)
        return name


@contextmanager
def seaweedfs(
    folder: Path, *, volumes: int = 1, replication: str = "000", kept: bool = False
) -> Iterator[SeaweedFS]:
    """Run a master, volume servers, a filer and its S3 interface while the block runs.

    Args:
        folder: Where each has a folder of its own, and its log.
        volumes: How many volume servers hold the data; more than there are extra copies.
        replication: How many extra copies are kept, in SeaweedFS's three digits: ``001`` is
            one, on another volume server of the same rack.
        kept: Whether what is in the folder will be wanted again: each server may then write what
            it has to, before it ends.

    Raises:
        OperatorError: It is not installed, or one of its servers did not start.
    """
    owner = Login.draw("owner", "Admin", "Read", "Write", "List")
    vault, reader = Login.draw("vault", "Read", "Write"), Login.draw("reader", "Read")
    with ExitStack() as stack:
        parts = _Parts(folder.absolute(), stack, kept=kept)
        master = parts.start(
            "master",
            *("-peers=none", "-electionTimeout=1s", "-telemetry=false"),
            *(f"-defaultReplication={replication}", "-volumeSizeLimitMB=1024"),
            data="mdir",
        )
        known = f"-master={master.address}"
        holders = tuple(
            parts.start(
                f"volume-{number}", "-max=1000", "-preStopSeconds=0", known, data="dir"
            ).process
            for number in range(volumes)
        )
        filer = parts.start(
            "filer",
            *(f"-localSocket={parts.socket('filer')}", known),
            f"-defaultReplicaPlacement={replication}",
            data="defaultStoreDir",
        )
        s3 = parts.start(
            "s3",
            *(f"-localSocket={parts.socket('s3')}", "-port.iceberg=0", "-port.lance=0"),
            *(f"-config={_identities(folder, owner, vault, reader)}", "-autoCreateBucket=false"),
            *(f"-filer={filer.address}", "-cacheCapacityMB=0"),
        )
        opened = SeaweedFS(port=s3.http, owner=owner, vault=vault, reader=reader, volumes=holders)
        s3.process.wait_until(lambda: _takes_an_object(opened))
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One server of the store, with its two ports."""

    process: Process
    http: int
    grpc: int

    @property
    def address(self) -> str:
        """How the other servers are told of this one."""
        return f"{HOST}:{self.http}.{self.grpc}"


class _Parts:
    """Starts the servers of one store; each is killed at the end, unless its data are kept."""

    def __init__(self, folder: Path, stack: ExitStack, *, kept: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stack = stack
        self._end = signal.SIGTERM if kept else signal.SIGKILL

    def start(self, name: str, *options: str, data: str = "") -> _Part:
        """Start one and wait until it listens: who looks for it too soon tries again much later.

        Args:
            name: Its kind, and a number after a hyphen where there are several.
            options: What it is told besides its addresses and its folder.
            data: The option that names its folder, if it has one.
        """
        http, grpc = free_port(), free_port()
        command = [_program(), name.partition("-")[0], f"-ip={HOST}", f"-ip.bind={HOST}"]
        command += [f"-port={http}", f"-port.grpc={grpc}", *options]
        if data:
            (self._folder / name).mkdir(exist_ok=True)
            command.append(f"-{data}={self._folder / name}")
        log = self._folder / f"{name}.log"
        process = Process.start(
            command, name=f"SeaweedFS {name}", log=log, environment=plain_environment() | _SMALL
        )
        self._stack.callback(process.stop, self._end, seconds=STOP_SECONDS)
        process.wait_until(lambda: answers(http) and answers(grpc))
        return _Part(process=process, http=http, grpc=grpc)

    def socket(self, name: str) -> Path:
        """Return the path of a server's own socket."""
        return self._folder / f"{name}.sock"


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


def _program() -> str:
    path = Path(sys.executable).with_name("weed")
    if not path.exists():
        raise OperatorError(
            "没有安装 SeaweedFS。请先运行 ./scripts/cluster --check，它会安装所需的软件包。",
            "SeaweedFS is not installed. Run ./scripts/cluster --check first: it installs what "
            "is needed.",
            code=Exit.UNAVAILABLE,
        )
    return str(path)


def _takes_an_object(opened: SeaweedFS) -> bool:
    """Say whether an object can be written: ports answer before there is a place for data."""
    client = opened.client(timeout=1)
    try:
        if not client.bucket_exists(_TRIAL):
            client.make_bucket(_TRIAL)
        client.put_object(_TRIAL, _TRIAL, io.BytesIO(b"?"), 1)
    except (MinioException, HTTPError):
        return False
    return True
