"""A volume server dies while files are written and read: nothing acknowledged is lost.

Three volume servers, two copies of everything. One is killed, without a word, in the middle of
writing and reading. What was acknowledged reads back bit by bit, before, during and after; a
write that cannot be done is refused as something that may succeed later.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from scripts.local.seaweedfs import SeaweedFS, seaweedfs
from storage.blobs import StoredBlobs
from storage.database import Database
from storage.objects_s3 import PART_BYTES
from storage.sqlite import open_sqlite
from tests.support.buckets import objects_in
from tests.support.vault_values import NOW_MS, SPACE
from vault.errors import StorageError

SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
SECONDS = float(os.environ.get("CHAOS_OBJECTS_SECONDS", "6"))
SIZES = (1_000, 200_000, 3_000_000, PART_BYTES + 100_000)
CHUNK = 16_400

pytestmark = pytest.mark.chaos


@dataclass
class Told:
    """What the writers and readers were told.

    Attributes:
        kept: Digest and length by object key, from the moment it was acknowledged.
        refused: Sentences of writes that were refused, with the instant.
        failed: Reads that failed, and files that came back otherwise.
        written_at: Instants at which a write was acknowledged.
    """

    kept: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    written_at: list[float] = field(default_factory=list)
    read: int = 0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SeaweedFS]:
    with seaweedfs(tmp_path / "cluster", volumes=3, replication="001") as opened:
        yield opened


def test_a_volume_server_that_dies_loses_nothing_and_fails_no_read(
    cluster: SeaweedFS, tmp_path: Path
) -> None:
    told, over = Told(), threading.Event()
    with open_sqlite(tmp_path / "vault.db", threads=8) as database:
        blobs = blobs_in(cluster, database)
        for size in SIZES:  # There is something to read from the beginning.
            write(blobs, told, content=os.urandom(size))
        threads = [
            *(
                threading.Thread(target=keep_writing, args=(blobs, told, over, n))
                for n in range(2)
            ),
            *(
                threading.Thread(target=keep_reading, args=(blobs, told, over, n))
                for n in range(2)
            ),
        ]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS / 3)
        died_at = kill_a_holder(cluster, tmp_path / "cluster")
        time.sleep(SECONDS * 2 / 3)
        over.set()
        for thread in threads:
            thread.join()
        for object_key in [*told.kept]:
            read(blobs, told, object_key)

    after = [at for at in told.written_at if at > died_at]
    sys.stdout.write(  # Shown with ``pytest -s`` and in reports of failures.
        f"seed {SEED}: {len(told.kept)} files kept, {len(after)} of them after the death, "
        f"{told.read} reads, {len(told.refused)} writes refused\n"
    )
    assert told.failed == [], f"seed {SEED}"
    assert after, f"seed {SEED}: no write was taken after the death: {told.refused}"


def blobs_in(cluster: SeaweedFS, database: Database) -> StoredBlobs:
    return StoredBlobs(objects_in(cluster), database=database, random=os.urandom)


def kill_a_holder(cluster: SeaweedFS, folder: Path) -> float:
    """Kill a volume server that holds files of the vault; return when."""
    holders = [
        process
        for number, process in enumerate(cluster.volumes)
        if any((folder / f"volume-{number}").glob("vault-*.dat"))
    ]
    victim = holders[SEED % len(holders)]
    victim.stop(SIGKILL)
    return time.monotonic()


def keep_writing(blobs: StoredBlobs, told: Told, over: threading.Event, number: int) -> None:
    random = Random(SEED + number)  # noqa: S311 - the sizes of a test
    while not over.is_set():
        write(blobs, told, content=os.urandom(random.choice(SIZES)))


def keep_reading(blobs: StoredBlobs, told: Told, over: threading.Event, number: int) -> None:
    random = Random(SEED - number - 1)  # noqa: S311 - the order of a test
    while not over.is_set():
        read(blobs, told, random.choice([*told.kept]))


def write(blobs: StoredBlobs, told: Told, *, content: bytes) -> None:
    chunks = (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))
    try:
        object_key, length = blobs.write(SPACE, chunks=chunks, now_ms=NOW_MS)
    except StorageError as error:
        told.refused.append(str(error))
        return
    told.kept[object_key] = sha256(content).digest(), length
    told.written_at.append(time.monotonic())


def read(blobs: StoredBlobs, told: Told, object_key: str) -> None:
    digest, length = told.kept[object_key]
    try:
        pieces = [
            blobs.read(object_key, offset=at, length=1 << 20) for at in range(0, length, 1 << 20)
        ]
    except Exception as error:  # noqa: BLE001 - any failure of a read is what this looks for
        told.failed.append(f"{type(error).__name__}: {error}")
        return
    told.read += 1
    if sha256(b"".join(pieces)).digest() != digest:
        told.failed.append("a file came back otherwise")
