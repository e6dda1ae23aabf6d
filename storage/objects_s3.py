"""Sealed files in a bucket of an S3 store: MinIO, Ceph, SeaweedFS (ADR 0031).

A file of one part is one conditional request. A longer one goes in parts of 512 sealed chunks,
of which two are in memory at any time: while one is on its way, the next is sealed or on its
way too. A reply that was lost is settled by looking at the object, never by guessing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

from storage.objects import gone
from storage.s3_bucket import ONCE, PATIENT, S3Bucket, S3Place
from storage.s3_credentials import S3Credentials
from storage.s3_failures import ObjectsRefusedError
from vault.errors import IntegrityError, StorageError
from vault.ids import ID_BYTES, RandomBytes

PART_BYTES: Final = 512 * 16_400
"""512 sealed chunks (crypto.md 7); the first part has the header of 56 bytes besides."""

IN_FLIGHT: Final = 2

_PROBES: Final = "0" * 16
_PROBE: Final = b"myspace-vault looks whether it may write here, and removes this"


class S3Objects:
    """Implements ``storage.objects.ObjectStore`` over one bucket."""

    def __init__(self, bucket: S3Bucket) -> None:
        """Keep objects in ``bucket``."""
        self._bucket = bucket

    def put(self, object_key: str, *, chunks: Iterator[bytes]) -> int:
        """See the port; an upload that breaks off is aborted at once."""
        parts = _parts(chunks)
        first, second = next(parts), next(parts, None)
        if second is None:
            self._settled(
                object_key, length=len(first), send=lambda: self._bucket.put(object_key, first)
            )
            return len(first)
        upload_id = self._bucket.begin(object_key)
        try:
            return self._upload(object_key, chain((first, second), parts), upload_id=upload_id)
        except BaseException:
            with suppress(StorageError):  # What resists goes by the bucket's own rule.
                self._bucket.abort(object_key, upload_id=upload_id)
            raise

    def length(self, object_key: str) -> int | None:
        """See the port."""
        return self._bucket.length(object_key)

    def get(self, object_key: str, *, offset: int, length: int) -> bytes:
        """See the port."""
        if length:
            return self._bucket.read(object_key, offset=offset, length=length)
        if self._bucket.length(object_key) is None:
            raise gone()
        return b""

    def remove(self, object_key: str) -> bool:
        """See the port; a store that does not say what it lacks is asked to remove it anyway."""
        there = False
        with suppress(StorageError):
            there = self._bucket.length(object_key) is not None
        self._bucket.remove(object_key)
        return there

    def sweep(self, *, before: int) -> int:  # noqa: ARG002 - of the port
        """Remove nothing: parts of killed writers go by the bucket's own rule (ADR 0031)."""
        return 0

    def _upload(self, object_key: str, parts: Iterator[bytearray], *, upload_id: str) -> int:
        """Send ``parts`` and make the object of them; return how many bytes they were."""
        length = 0
        etags = list[str]()
        sent = deque[Future[str]]()
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="upload") as pool:
            for number, part in enumerate(parts, start=1):
                length += len(part)
                sent.append(
                    pool.submit(
                        self._bucket.part, object_key, part, upload_id=upload_id, number=number
                    )
                )
                if len(sent) == IN_FLIGHT:  # Before the next part is filled: memory is bounded.
                    etags.append(sent.popleft().result())
            etags += [one.result() for one in sent]
        self._settled(
            object_key,
            length=length,
            send=lambda: self._bucket.complete(object_key, etags, upload_id=upload_id),
        )
        return length

    def _settled(self, object_key: str, *, length: int, send: Callable[[], object]) -> None:
        """Send what makes the object; where the answer is an error, look whether it is there.

        One look, since the store was waited for already: an object that is there after all goes
        with its intent.
        """
        try:
            send()
        except StorageError:
            if self._bucket.length(object_key, patience=ONCE) != length:
                raise


def open_objects(
    place: S3Place, *, credentials_file: Path, requests: int, random: RandomBytes
) -> S3Objects:
    """Return the sealed files of a bucket, after having tried it.

    Args:
        place: Where the bucket is.
        credentials_file: Two lines, access key and secret key; mode 0600. Read once.
        requests: How many are served at once; each may have two parts on their way.
        random: Names the object that is tried with.

    Raises:
        ObjectsRefusedError: Something is set wrong, and only the operator can mend it.
        ObjectsAwayError: The store does not answer now.
    """
    keys = S3Credentials.read(credentials_file)
    bucket = S3Bucket(place, keys, connections=IN_FLIGHT * requests, patience=PATIENT)
    probe(bucket, random=random)
    return S3Objects(bucket)


def probe(bucket: S3Bucket, *, random: RandomBytes) -> None:
    """Write an object, read it, and remove it again; its name begins with sixteen zeros.

    Raises:
        ObjectsRefusedError: No such bucket, a right is missing, versions are kept, and so on.
        ObjectsAwayError: The store does not answer now.
    """
    object_key = _PROBES + random(ID_BYTES).hex()[len(_PROBES) :]
    try:
        version = bucket.put(object_key, _PROBE)
    except ObjectsRefusedError:
        with suppress(IntegrityError):  # A store may deny before it tells that it has no bucket.
            bucket.read(object_key, offset=0, length=1)
        raise
    try:
        found = bucket.read(object_key, offset=1, length=len(_PROBE))
    finally:
        bucket.remove(object_key)
    if found != _PROBE[1:]:
        raise ObjectsRefusedError("the object store does not give back what it took")
    if version not in {None, "null"}:
        raise ObjectsRefusedError("the bucket keeps versions: what is removed would stay there")


def _parts(chunks: Iterator[bytes]) -> Iterator[bytearray]:
    """Gather ``chunks`` into parts, at least one; each ends with the chunk that fills it."""
    part, parts = bytearray(), 0
    for chunk in chunks:
        part += chunk
        if len(part) >= PART_BYTES:
            yield part
            part, parts = bytearray(), parts + 1
    if part or not parts:
        yield part
