"""Sealed files on disk: two phases, every crash point, and a collector that spares the living."""

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.blobs import StoredBlobs
from storage.database import Database
from storage.objects_folder import FolderObjects
from storage.sqlite import open_sqlite
from storage.unit_of_work import read_transactions, worker
from tests.support.guarded import unlocked
from tests.support.vault_values import (
    DAY,
    ENTRY_ID,
    NOW_MS,
    SPACE,
    a_file,
    a_holder,
    a_record,
    record_key,
)
from vault.errors import ConflictError, IntegrityError, StorageError, TooLargeError

LATER_MS = NOW_MS + DAY * 1000
CONTENT = bytes(range(256)) * 400


def blobs_in(folder: Path, database: Database) -> StoredBlobs:
    return StoredBlobs(FolderObjects(folder / "blobs"), database=database, random=os.urandom)


def pieces(content: bytes = CONTENT) -> Iterator[bytes]:
    yield from (content[at : at + 16_384] for at in range(0, len(content), 16_384))


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "blobs").rglob("*") if path.is_file())


def intents(database: Database) -> list[tuple[str, str]]:
    with read_transactions(database)() as connection:
        rows = connection.exec_driver_sql("SELECT object_key, state FROM blob_intent")
        return sorted((row[0], row[1]) for row in rows)


def deposit(database: Database, object_key: str) -> None:
    """Let a record name an object, as a deposit does."""
    record = a_record(files=(a_file(object_key),))
    with worker(database)() as tx:
        if tx.holders.get(SPACE) is None:
            tx.holders.add(a_holder(), numbers=(), keys=())
        tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)


def test_an_object_lies_under_a_random_name_that_only_its_owner_reads(
    tmp_path: Path, database: Database
) -> None:
    blobs = blobs_in(tmp_path, database)

    object_key, length = blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)

    path = tmp_path / "blobs" / object_key[:2] / object_key
    modes = [one.stat().st_mode & 0o777 for one in (path, path.parent, path.parent.parent)]
    assert (files_in(tmp_path), length, path.read_bytes()) == ([path], len(CONTENT), CONTENT)
    assert (modes, intents(database)) == ([0o600, 0o700, 0o700], [(object_key, "pending")])
    assert blobs.read(object_key, offset=250, length=10) == CONTENT[250:260]
    assert blobs.read(object_key, offset=len(CONTENT) - 2, length=10) == CONTENT[-2:]


@pytest.mark.parametrize("object_key", ["0" * 32, "../../data/vault.db", "A" * 32, ""])
def test_what_is_not_there_and_what_is_no_name_is_refused_alike(
    tmp_path: Path, database: Database, object_key: str
) -> None:
    with pytest.raises(IntegrityError):
        blobs_in(tmp_path, database).read(object_key, offset=0, length=1)


def test_an_upload_that_breaks_off_leaves_no_file(tmp_path: Path, database: Database) -> None:
    def broken() -> Iterator[bytes]:
        yield CONTENT
        raise TooLargeError("the file is larger than this deployment takes")

    blobs = blobs_in(tmp_path, database)

    with pytest.raises(TooLargeError):
        blobs.write(SPACE, chunks=broken(), now_ms=NOW_MS)

    assert files_in(tmp_path) == []
    assert (blobs.collect(now_ms=LATER_MS), intents(database)) == (0, [])


def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path, database: Database) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def until_it_is_full() -> Iterator[bytes]:
        yield bytes(4096)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limits[1]))  # The intent is written.
        yield from pieces()

    blobs = blobs_in(tmp_path, database)

    try:
        with pytest.raises(StorageError, match="nothing was kept"):
            blobs.write(SPACE, chunks=until_it_is_full(), now_ms=NOW_MS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, database: Database) -> None:
    (tmp_path / "blobs").write_text("a file in its place")

    with pytest.raises(StorageError, match="nothing was kept"):
        blobs_in(tmp_path, database).write(SPACE, chunks=pieces(), now_ms=NOW_MS)


class Forgetful(FolderObjects):
    """Loses the last byte of what it is given."""

    def length(self, object_key: str) -> int | None:
        found = super().length(object_key)
        return None if found is None else found - 1


def test_a_file_that_came_out_shorter_is_not_kept(tmp_path: Path, database: Database) -> None:
    objects = Forgetful(tmp_path / "blobs")
    blobs = StoredBlobs(objects, database=database, random=os.urandom)

    with pytest.raises(StorageError, match="another length"):
        blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)

    assert files_in(tmp_path) == []


def test_a_folder_that_is_none_is_told_whatever_is_asked(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file in its place")
    objects, name = FolderObjects(tmp_path / "blobs"), "0" * 32

    for act in (
        lambda: objects.length(name),
        lambda: objects.get(name, offset=0, length=1),
        lambda: objects.remove(name),
    ):
        with pytest.raises(StorageError):
            act()
    assert FolderObjects(tmp_path / "none").length(name) is None


def test_an_object_that_no_deposit_named_in_a_day_is_collected(
    tmp_path: Path, database: Database
) -> None:
    blobs = blobs_in(tmp_path, database)
    blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)

    counted = [blobs.collect(now_ms=at_ms) for at_ms in (LATER_MS - 1000, LATER_MS, LATER_MS)]

    assert (counted, files_in(tmp_path), intents(database)) == ([0, 1, 0], [], [])


def test_an_object_that_a_record_names_is_never_collected(
    tmp_path: Path, database: Database
) -> None:
    blobs = blobs_in(tmp_path, database)
    object_key, _ = blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)
    deposit(database, object_key)

    first = blobs.collect(now_ms=LATER_MS)
    for state in ("pending", "deleting"):  # As after a repair by hand that went wrong.
        _set_state(database, state)
        assert blobs.collect(now_ms=LATER_MS) == 0

    assert (first, intents(database)) == (0, [(object_key, "committed")])
    assert blobs.read(object_key, offset=0, length=len(CONTENT)) == CONTENT


def test_a_deposit_that_comes_after_the_collector_loses(
    tmp_path: Path, database: Database
) -> None:
    blobs = blobs_in(tmp_path, database)
    object_key, _ = blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)
    _set_state(database, "deleting")

    with pytest.raises(ConflictError):
        deposit(database, object_key)

    assert (blobs.collect(now_ms=NOW_MS), files_in(tmp_path)) == (1, [])


def test_files_that_nobody_ends_writing_go_after_a_day(tmp_path: Path, database: Database) -> None:
    folder = tmp_path / "blobs" / "00"
    folder.mkdir(parents=True)
    old, young = folder / f"{'0' * 32}.part", folder / f"{'1' * 32}.part"
    for path, age in ((old, DAY + 1), (young, DAY - 1)):
        path.write_bytes(b"half")
        os.utime(path, times=(NOW_MS // 1000 - age, NOW_MS // 1000 - age))

    assert blobs_in(tmp_path, database).collect(now_ms=NOW_MS) == 1
    assert files_in(tmp_path) == [young]


def test_a_writer_that_is_killed_at_any_step_leaves_nothing_that_stays(tmp_path: Path) -> None:
    def act(folder: Path, database: Database) -> None:
        blobs_in(folder, database).write(SPACE, chunks=pieces(), now_ms=NOW_MS)

    def check(folder: Path, database: Database) -> None:
        blobs_in(folder, database).collect(now_ms=LATER_MS)

        assert (files_in(folder), intents(database)) == ([], [])

    assert _killed_at_each_step(tmp_path, act=act, check=check) >= 5


def test_a_collector_that_is_killed_at_any_step_is_taken_up_by_the_next(tmp_path: Path) -> None:
    def act(folder: Path, database: Database) -> None:
        blobs = blobs_in(folder, database)
        live, _ = blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)
        deposit(database, live)
        blobs.write(SPACE, chunks=pieces(), now_ms=NOW_MS)
        blobs.collect(now_ms=LATER_MS)

    def check(folder: Path, database: Database) -> None:
        blobs_in(folder, database).collect(now_ms=LATER_MS)

        named = [key for key, state in intents(database) if state == "committed"]
        assert [path.name for path in files_in(folder)] == named
        assert len(named) == len(intents(database))

    assert _killed_at_each_step(tmp_path, act=act, check=check) >= 10


def _killed_at_each_step(
    tmp_path: Path,
    *,
    act: Callable[[Path, Database], None],
    check: Callable[[Path, Database], None],
) -> int:
    """Run ``act`` in processes that are killed before their 1st, 2nd, … step on files.

    Return how many steps there are; ``check`` looks at what each left behind.
    """
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        child = os.fork()
        if not child:
            _run_and_die(folder, act=act, step=step)
        _, status = os.waitpid(child, 0)
        with open_sqlite(folder / "data" / "vault.db") as database:
            unlocked(database)
            check(folder, database)
        if status == 0:
            return step - 1
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError("there is no end to the steps")


def _run_and_die(folder: Path, *, act: Callable[[Path, Database], None], step: int) -> None:
    steps = {"open", "os.rename", "os.remove", "os.mkdir"}
    left = [step]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in steps and str(folder / "blobs") in str(arguments[0]):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        with open_sqlite(folder / "data" / "vault.db") as database:
            unlocked(database)
            sys.addaudithook(watch)
            act(folder, database)
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
        os._exit(1)
    os._exit(0)


def _set_state(database: Database, state: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE blob_intent SET state = ?", (state,))
