"""A large sealed file up and down, beside what the same place does with plain bytes.

The vault's way is the whole of it: intent, sealing in chunks, writing, checking the length; then
reading in ranges, verifying and opening every chunk. Each way runs in a process of its own, so
that what it holds in memory can be told.
"""

import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from minio import Minio
from urllib3 import PoolManager

from scripts.bench.rounds import apart
from scripts.local.seaweedfs import REGION, seaweedfs
from storage.blobs import StoredBlobs
from storage.objects import ObjectStore
from storage.objects_folder import FolderObjects
from storage.objects_s3 import IN_FLIGHT, PART_BYTES, S3Objects
from storage.s3_bucket import PATIENT, TIMEOUT, S3Bucket, S3Place
from storage.s3_credentials import S3Credentials
from storage.sqlite import open_sqlite
from vault.clock import SystemClock
from vault.crypto import contexts
from vault.crypto.contexts import Context
from vault.crypto.envelope import CHUNK_BYTES
from vault.crypto.keys import RecordKey
from vault.crypto.streams import read_range, seal_stream
from vault.crypto.suites import Suite
from vault.errors import IntegrityError
from vault.ids import HolderId, RecordId, Space

MIB: Final = 2**20
PIECE_BYTES: Final = 256 * 1024

_SPACE: Final = Space(0, HolderId(bytes(16)))
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket to measure on.

    Attributes:
        keys: File of the access key and the secret key.
    """

    place: S3Place
    keys: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured where.

    Attributes:
        folder: Holds the source file, and everything else that is written.
        bucket: Where files go; ``None`` for a folder.
        size: Bytes of the file.
    """

    folder: Path
    bucket: Bucket | None
    size: int

    @property
    def source(self) -> Path:
        """The plain file, of random bytes."""
        return self.folder / "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to store and fetch the file, in one round.

    Attributes:
        resident_bytes: The most that its process had in memory so far.
    """

    up_seconds: float
    down_seconds: float
    resident_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRound:
    """Both ways, one after the other."""

    sealed: Way
    plain: Way

    @property
    def up(self) -> float:
        """Which share of the plain way's speed the vault has when it stores."""
        return self.plain.up_seconds / self.sealed.up_seconds

    @property
    def down(self) -> float:
        """Which share of the plain way's speed the vault has when it fetches."""
        return self.plain.down_seconds / self.sealed.down_seconds


@contextmanager
def bench_in(folder: Path, *, size: int, bucket: bool) -> Iterator[Bench]:
    """Make a source file in ``folder``, and start a SeaweedFS below it if it is to be a bucket."""
    with ExitStack() as stack:
        found = None
        if bucket:
            store = stack.enter_context(seaweedfs(folder / "seaweedfs"))
            place = S3Place(endpoint=store.endpoint, bucket=store.make_bucket(), secure=False)
            found = Bucket(place=place, keys=store.vault.write(folder / "keys"))
        bench = Bench(folder=folder, bucket=found, size=size)
        with bench.source.open("wb") as file:
            for _ in range(-(-size // MIB)):
                file.write(os.urandom(MIB))
            file.truncate(size)
        yield bench


def rounds(bench: Bench) -> Iterator[FileRound]:
    """Yield rounds without end; the first warms up."""
    with apart() as ours, apart() as theirs:
        while True:
            sealed = ours.submit(sealed_way, bench).result()
            plain = theirs.submit(plain_way, bench).result()
            yield FileRound(sealed=sealed, plain=plain)


def sealed_way(bench: Bench) -> Way:
    """Store and fetch the file as the vault does.

    Raises:
        IntegrityError: It came back shorter than it was.
    """
    key = RecordKey(os.urandom(_KEY_BYTES), suite=Suite.AES_256_GCM)
    context = _context()
    with open_sqlite(bench.folder / "database" / "vault.db") as database:
        blobs = StoredBlobs(_objects(bench), database=database, random=os.urandom)

        with bench.source.open("rb") as file:
            pieces = iter(lambda: file.read(PIECE_BYTES), b"")
            stream = seal_stream(key, context, pieces, random=os.urandom)
            now_ms = SystemClock().now_ms()
            (object_key, _), up_seconds = _timed(
                lambda: blobs.write(_SPACE, chunks=stream, now_ms=now_ms)
            )

        def down() -> int:
            def read(offset: int, length: int) -> bytes:
                return blobs.read(object_key, offset=offset, length=length)

            pieces = read_range(
                key, context, read, manifest=stream.manifest, offset=0, length=bench.size
            )
            return sum(map(len, pieces))

        found, down_seconds = _timed(down)
        _objects(bench).remove(object_key)
    return _way(found, bench, up_seconds=up_seconds, down_seconds=down_seconds)


def plain_way(bench: Bench) -> Way:
    """Store and fetch the file plainly.

    To a bucket as the client does by itself; to a folder as a copy, durable on the way up, or as
    AES-256-GCM alone where that is slower.
    """
    if bench.bucket is not None:
        return _plain_bucket(bench, bench.bucket)
    copy = bench.folder / "copy"

    def up() -> None:
        shutil.copyfile(bench.source, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())

    def down() -> int:
        shutil.copyfile(copy, bench.folder / "again")
        return copy.stat().st_size

    _, up_seconds = _timed(up)
    found, down_seconds = _timed(down)
    cipher_seconds = _cipher_seconds(bench)
    return _way(
        found,
        bench,
        up_seconds=max(up_seconds, cipher_seconds),
        down_seconds=max(down_seconds, cipher_seconds),
    )


def _plain_bucket(bench: Bench, bucket: Bucket) -> Way:
    keys = S3Credentials.read(bucket.keys)
    client = Minio(
        bucket.place.endpoint,
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        secure=bucket.place.secure,
        region=REGION,
        http_client=PoolManager(retries=False, timeout=TIMEOUT),
    )
    name = os.urandom(16).hex()

    def up() -> None:
        with bench.source.open("rb") as file:
            client.put_object(
                bucket.place.bucket,
                name,
                file,
                bench.size,
                part_size=PART_BYTES,
                num_parallel_uploads=IN_FLIGHT,
            )

    def down() -> int:
        with closing(client.get_object(bucket.place.bucket, name)) as answer:
            return sum(map(len, answer.stream(MIB)))

    _, up_seconds = _timed(up)
    found, down_seconds = _timed(down)
    client.remove_object(bucket.place.bucket, name)
    return _way(found, bench, up_seconds=up_seconds, down_seconds=down_seconds)


def _cipher_seconds(bench: Bench) -> float:
    """Return how long AES-256-GCM alone takes for the file, in the chunks of the envelope."""
    cipher = AESGCM(os.urandom(_KEY_BYTES))
    chunk = os.urandom(CHUNK_BYTES)

    def encrypt() -> None:
        for number in range(-(-bench.size // CHUNK_BYTES)):
            cipher.encrypt(number.to_bytes(_NONCE_BYTES), chunk, None)

    return _timed(encrypt)[1]


def _objects(bench: Bench) -> ObjectStore:
    if bench.bucket is None:
        return FolderObjects(bench.folder / "files")
    keys = S3Credentials.read(bench.bucket.keys)
    return S3Objects(S3Bucket(bench.bucket.place, keys, connections=IN_FLIGHT, patience=PATIENT))


def _context() -> Context:
    return contexts.record_file(
        suite=Suite.AES_256_GCM,
        vault_id=bytes(16),
        holder_id=_SPACE.holder_id,
        record_id=RecordId(bytes(16)),
        version=1,
        code="LC01",
        number=1,
    )


def _way(found: int, bench: Bench, *, up_seconds: float, down_seconds: float) -> Way:
    if found != bench.size:
        raise IntegrityError("the file came back with another length")
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Way(up_seconds=up_seconds, down_seconds=down_seconds, resident_bytes=resident)


def _timed(act: Callable[[], _T]) -> tuple[_T, float]:
    begun = time.perf_counter()
    found = act()
    return found, time.perf_counter() - begun
