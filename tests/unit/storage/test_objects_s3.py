"""Sealed files in a bucket: every way in which a store can fail us, on a real one."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED
from minio.error import InvalidResponseError, S3Error, ServerError
from minio.versioningconfig import VersioningConfig
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, SSLError

from scripts.local.seaweedfs import Login, SeaweedFS
from storage.blobs import StoredBlobs
from storage.database import Database
from storage.failures import NoRoomError
from storage.objects_s3 import PART_BYTES, S3Objects, open_objects, probe
from storage.s3_bucket import S3Bucket, S3Place
from storage.s3_credentials import S3Credentials
from storage.s3_failures import ObjectsAwayError, ObjectsRefusedError, failure
from storage.sqlite import open_sqlite
from storage.unit_of_work import read_transactions
from tests.support.buckets import HASTY, bucket_in, names_in
from tests.support.front import Does, Front, Request
from tests.support.vault_values import DAY, NOW_MS, SPACE
from vault.errors import IntegrityError, StorageError, TooLargeError

LATER_MS = NOW_MS + DAY * 1000
KEY = "c0ffee" * 5 + "00"
OTHER = "c0ffee" * 5 + "01"
SMALL = b"sealed " * 100
LARGE = os.urandom(2 * PART_BYTES + 999)


def behind(gate: Front, seaweed: SeaweedFS, bucket: str) -> S3Objects:
    return S3Objects(bucket_in(seaweed, name=bucket, endpoint=gate.endpoint, patience=HASTY))


def pieces(content: bytes) -> Iterator[bytes]:
    yield from (content[at : at + 16_400] for at in range(0, len(content), 16_400))


def first(number: int, does: Does, *, step: str = "") -> Callable[[Request], Does]:
    """Let ``does`` happen to the first ``number`` requests, or to those of one step."""
    seen = count(1)

    def rule(asked: Request) -> Does:
        return does if step in {"", asked.step} and next(seen) <= number else Does.PASS

    return rule


def always(does: Does) -> Callable[[Request], Does]:
    return lambda _: does


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ObjectsRefusedError) as found:
        act()
    return str(found.value)


def test_a_bucket_that_serves_us_is_tried_and_left_as_it_was(
    seaweed: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    keys = seaweed.vault.write(tmp_path / "keys")
    place = S3Place(endpoint=seaweed.endpoint, bucket=bucket, secure=False)

    objects = open_objects(place, credentials_file=keys, requests=4, random=os.urandom)

    assert names_in(seaweed, bucket) == []
    assert objects.put(KEY, chunks=pieces(SMALL)) == len(SMALL)
    assert names_in(seaweed, bucket) == [KEY]


def test_each_thing_that_is_set_wrong_has_a_sentence_of_its_own(
    seaweed: SeaweedFS, bucket: str
) -> None:
    vault = seaweed.vault
    mistaken = {
        "no such bucket": bucket_in(seaweed, name="elsewhere", login=seaweed.owner),
        "denies access": bucket_in(seaweed, name=bucket, login=seaweed.reader),
        "does not know the access key": bucket_in(
            seaweed, name=bucket, login=Login.draw("nobody", "Read")
        ),
        "does not accept the secret key": bucket_in(
            seaweed, name=bucket, login=Login.draw(vault.access_key, "Read")
        ),
    }

    told = {
        wrong: refused(lambda one=one: probe(one, random=os.urandom))  # type: ignore[misc]
        for wrong, one in mistaken.items()
    }

    assert [sentence for wrong, sentence in told.items() if wrong not in sentence] == []


def test_a_bucket_that_keeps_versions_is_refused(seaweed: SeaweedFS, bucket: str) -> None:
    seaweed.client().set_bucket_versioning(bucket, VersioningConfig(ENABLED))

    assert "keeps versions" in refused(
        lambda: probe(bucket_in(seaweed, name=bucket), random=os.urandom)
    )


def test_a_store_that_is_not_there_is_told_soon(seaweed: SeaweedFS) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        endpoint = f"127.0.0.1:{nobody.getsockname()[1]}"
    away = S3Objects(bucket_in(seaweed, name="any", endpoint=endpoint, patience=HASTY))

    for act in (
        lambda: away.put(KEY, chunks=pieces(SMALL)),
        lambda: away.put(KEY, chunks=pieces(LARGE)),
        lambda: away.get(KEY, offset=0, length=1),
        lambda: away.length(KEY),
        lambda: away.remove(KEY),
    ):
        with pytest.raises(ObjectsAwayError, match="does not answer") as found:
            act()
        assert found.value.retry_after_seconds > 0


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (SSLError("self-signed"), ObjectsRefusedError, "certificate"),
        (
            NameResolutionError("host", HTTPConnection("host"), socket.gaierror()),
            ObjectsRefusedError,
            "leads to no address",
        ),
        (InvalidResponseError(404, "text/html", "<html>"), ObjectsAwayError, "no object store"),
        (ServerError("x", 500), ObjectsAwayError, "cannot serve us now"),
        (ServerError("x", 200), StorageError, "does not take what is asked"),
    ],
)
def test_what_cannot_be_tried_here_is_told_too(
    error: Exception, kind: type[Exception], words: str
) -> None:
    told = failure(error)

    assert (type(told), words in str(told)) == (kind, True)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, IntegrityError),
        ("XMinioStorageFull", 507, NoRoomError),
        ("RequestTimeTooSkewed", 403, ObjectsRefusedError),
        ("AuthorizationHeaderMalformed", 400, ObjectsRefusedError),
        ("SlowDown", 503, ObjectsAwayError),
        ("PreconditionFailed", 412, StorageError),
        ("SomethingNew", 400, StorageError),
    ],
)
def test_every_answer_of_a_store_becomes_one_of_ours(
    code: str, status: int, kind: type[Exception]
) -> None:
    answer = HTTPResponse(status=status)

    told = failure(S3Error(answer, code, "message", "resource", "request", "host", "b", "o"))

    assert (type(told), "resource" in str(told)) == (kind, False)


def test_a_store_that_is_busy_for_a_moment_is_waited_for(
    seaweed: SeaweedFS, gate: Front, bucket: str
) -> None:
    objects = behind(gate, seaweed, bucket)

    gate.rule = first(2, Does.BUSY)
    assert objects.put(KEY, chunks=pieces(SMALL)) == len(SMALL)
    gate.rule = first(2, Does.BUSY_PLAINLY)
    assert objects.get(KEY, offset=0, length=len(SMALL)) == SMALL
    gate.rule = first(2, Does.BUSY_PLAINLY)
    assert objects.length(KEY) == len(SMALL)


def test_a_store_that_stays_busy_is_told_and_served_again_when_it_is_back(
    seaweed: SeaweedFS, gate: Front, bucket: str, database: Database
) -> None:
    blobs = StoredBlobs(behind(gate, seaweed, bucket), database=database, random=os.urandom)
    kept, _ = blobs.write(SPACE, chunks=pieces(SMALL), now_ms=NOW_MS)
    back_at = time.monotonic() + 1.0
    gate.rule = lambda _: Does.BUSY if time.monotonic() < back_at else Does.PASS

    failures = list[str]()
    written = ""
    while not written:
        try:
            assert blobs.read(kept, offset=0, length=len(SMALL)) == SMALL
            written, _ = blobs.write(SPACE, chunks=pieces(LARGE), now_ms=NOW_MS)
        except ObjectsAwayError as error:
            failures.append(str(error))

    assert len(failures) > 2
    assert set(failures) == {"the object store is there, and cannot serve us now"}
    assert blobs.read(written, offset=0, length=len(LARGE)) == LARGE
    assert sorted(names_in(seaweed, bucket)) == sorted([kept, written])


@pytest.mark.parametrize(
    ("content", "step"), [(SMALL, "PUT"), (LARGE, "POST uploadId"), (LARGE, "PUT partNumber")]
)
def test_a_reply_that_was_lost_is_settled_by_looking(
    seaweed: SeaweedFS, gate: Front, bucket: str, content: bytes, step: str
) -> None:
    objects = behind(gate, seaweed, bucket)
    gate.rule = first(1, Does.LOSE_REPLY, step=step)

    assert objects.put(KEY, chunks=pieces(content)) == len(content)

    gate.rule = always(Does.PASS)
    assert objects.get(KEY, offset=0, length=len(content) + 1) == content


def test_a_write_whose_replies_are_all_lost_is_no_failure_if_the_object_is_there(
    seaweed: SeaweedFS, gate: Front, bucket: str
) -> None:
    objects = behind(gate, seaweed, bucket)
    gate.rule = first(99, Does.LOSE_REPLY, step="POST uploadId")

    assert objects.put(KEY, chunks=pieces(LARGE)) == len(LARGE)

    assert gate.steps[-1] == "HEAD"


def test_an_object_is_never_written_over(seaweed: SeaweedFS, bucket: str) -> None:
    objects = S3Objects(bucket_in(seaweed, name=bucket))
    objects.put(KEY, chunks=pieces(SMALL))

    for content in (b"another", LARGE):
        with pytest.raises(StorageError, match="already"):
            objects.put(KEY, chunks=pieces(content))

    assert objects.get(KEY, offset=0, length=9999) == SMALL


def test_an_answer_that_breaks_off_is_asked_for_again(
    seaweed: SeaweedFS, gate: Front, bucket: str
) -> None:
    objects = behind(gate, seaweed, bucket)
    objects.put(KEY, chunks=pieces(LARGE))
    gate.rule = first(2, Does.HALF_REPLY)

    assert objects.get(KEY, offset=0, length=len(LARGE)) == LARGE


def test_a_store_that_sends_us_elsewhere_is_not_followed(
    seaweed: SeaweedFS, gate: Front, bucket: str
) -> None:
    objects = behind(gate, seaweed, bucket)
    gate.rule = always(Does.REDIRECT)

    for act in (
        lambda: objects.put(KEY, chunks=pieces(SMALL)),
        lambda: objects.get(KEY, offset=0, length=1),
        lambda: objects.length(KEY),
    ):
        with pytest.raises(StorageError):
            act()


def test_an_upload_that_breaks_off_is_aborted_and_leaves_nothing(
    seaweed: SeaweedFS, gate: Front, bucket: str
) -> None:
    def broken() -> Iterator[bytes]:
        yield from pieces(LARGE)
        raise TooLargeError("the file is larger than this deployment takes")

    with pytest.raises(TooLargeError):
        behind(gate, seaweed, bucket).put(KEY, chunks=broken())

    assert gate.steps[-1] == "DELETE uploadId"
    assert names_in(seaweed, bucket) == []


def test_two_parts_at_most_are_on_their_way(seaweed: SeaweedFS, gate: Front, bucket: str) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def enter(asked: Request) -> Does:
        nonlocal now, most
        with lock:
            now += asked.step == "PUT partNumber"
            most = max(most, now)
        return Does.PASS

    def leave(asked: Request) -> None:
        nonlocal now
        with lock:
            now -= asked.step == "PUT partNumber"

    gate.rule, gate.after = enter, leave

    behind(gate, seaweed, bucket).put(KEY, chunks=pieces(2 * LARGE))

    assert (most, gate.steps.count("PUT partNumber")) == (2, 5)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["one part", "three parts"])
@pytest.mark.parametrize("point", ["unheard", "served"])
def test_a_writer_that_is_killed_at_any_request_leaves_nothing_that_stays(
    seaweed: SeaweedFS, gate: Front, tmp_path: Path, content: bytes, point: str
) -> None:
    """Among them: before an upload is completed, after it and before its length is checked."""
    killed, ended, bucket = 0, False, seaweed.make_bucket()
    while not ended:
        folder = tmp_path / str(killed)
        child = os.fork()
        if not child:
            _write_and_end(folder, behind(gate, seaweed, bucket), content)
        _strike(gate, child, at=killed + 1, point=point)
        _, status = os.waitpid(child, 0)
        ended = status == 0
        gate.rule, gate.after = always(Does.PASS), lambda _: None
        with open_sqlite(folder / "vault.db") as database:
            blobs = StoredBlobs(
                behind(gate, seaweed, bucket), database=database, random=os.urandom
            )
            blobs.collect(now_ms=LATER_MS)
            with read_transactions(database)() as connection:
                assert connection.exec_driver_sql("SELECT * FROM blob_intent").all() == []
        assert ended or os.WTERMSIG(status) == signal.SIGKILL
        assert names_in(seaweed, bucket) == []
        killed += not ended

    assert killed == (2 if content is SMALL else 6)


def _write_and_end(folder: Path, objects: S3Objects, content: bytes) -> None:
    try:
        with open_sqlite(folder / "vault.db") as database:
            blobs = StoredBlobs(objects, database=database, random=os.urandom)
            blobs.write(SPACE, chunks=pieces(content), now_ms=NOW_MS)
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
        os._exit(1)
    os._exit(0)


def _strike(gate: Front, child: int, *, at: int, point: str) -> None:
    """Kill ``child`` at its request number ``at``: before the store hears of it, or after."""
    asked = count(1)
    lock = threading.Lock()

    def before(_: Request) -> Does:
        with lock:
            number = next(asked)
        if number != at:
            return Does.PASS
        if point == "unheard":
            os.kill(child, signal.SIGKILL)
            return Does.BUSY
        gate.after = lambda _: os.kill(child, signal.SIGKILL)
        return Does.LOSE_REPLY

    gate.rule = before


def test_nothing_secret_is_shown_or_logged(
    seaweed: SeaweedFS, gate: Front, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    objects = behind(gate, seaweed, bucket)
    gate.rule = first(2, Does.LOSE_REPLY)
    objects.put(KEY, chunks=pieces(SMALL))
    gate.rule = always(Does.BROKEN_HEADERS)
    objects.put(OTHER, chunks=pieces(SMALL))
    gate.rule = always(Does.BUSY)
    with pytest.raises(StorageError) as found:
        objects.put(KEY, chunks=pieces(LARGE))

    shown = f"{caplog.text} {found.value!r} {found.value.__cause__!r}"
    keys = S3Credentials(access_key="access", secret_key="secret")  # noqa: S106 - of nobody
    assert [word for word in ("Signature", seaweed.vault.secret_key) if word in shown] == []
    assert [word for word in ("access=", "'secret'", "'access'") if word in repr(keys)] == []


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("access\nsecret\n", 0o644, "mode must be 0600"),
        ("access\nsecret\n", 0o700, "mode must be 0600"),
        ("access secret\n", 0o600, "two lines"),
        ("a\nb\nc\n", 0o600, "two lines"),
        ("ключ\nsecret\n", 0o600, "cannot be read"),
    ],
)
def test_a_file_of_keys_is_ours_alone_and_has_two_lines(
    tmp_path: Path, text: str, mode: int, words: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    path.chmod(mode)

    assert words in refused(lambda: S3Credentials.read(path))
    assert "cannot be read" in refused(lambda: S3Credentials.read(tmp_path / "missing"))


def test_a_good_file_of_keys_is_read(tmp_path: Path) -> None:
    path = Login(access_key="access", secret_key="secret", actions=()).write(  # noqa: S106
        tmp_path / "keys"
    )

    assert S3Credentials.read(path) == S3Credentials(
        access_key="access",
        secret_key="secret",  # noqa: S106 - of nobody
    )


def test_nothing_is_asked_of_nothing(seaweed: SeaweedFS, bucket: str) -> None:
    objects = S3Objects(bucket_in(seaweed, name=bucket))
    objects.put(KEY, chunks=pieces(SMALL))

    assert objects.get(KEY, offset=3, length=0) == b""
    with pytest.raises(IntegrityError):
        objects.get("0" * 32, offset=0, length=0)


def test_no_other_name_reaches_the_bucket(seaweed: SeaweedFS, bucket: str) -> None:
    asked: S3Bucket = bucket_in(seaweed, name=bucket)

    for act in (
        lambda: asked.put("../other", b""),
        lambda: asked.read("../other", offset=0, length=1),
        lambda: asked.length("a/b"),
        lambda: asked.remove(""),
    ):
        with pytest.raises(IntegrityError):
            act()
