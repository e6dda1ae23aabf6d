"""What an entry of the journal costs, beside a plain INSERT and COMMIT of the same bytes.

Threads wait in closed loops: each submits, waits until its entry is durable, and submits again.
The plain way has the same database settings, one connection behind a mutex, and a commit for each
row: what an application without a journal would do. Verifying and scanning are timed on a mirror
of the log that was just written, by the verifier's own functions.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final

from api.settings import Settings
from api.wiring import wire
from policies.requests import AccessRequest, Action
from scripts.bench.fixture import Scene
from scripts.verify.mirror import Mirror, check_tree, find_own
from scripts.verify.notes import Checkpoint, read_checkpoint
from vault.crypto.keyring import HOLDERS_ACTOR_ID
from vault.ids import Space
from vault.journal.entries import Basis, By, Kind, RequestTrace
from vault.journal.operations import Committed, Decided, Disclosure
from vault.journal.public import PublicLog
from vault.journal.sealing import EntryKeys
from vault.journal.tiles import MAX_LEVEL, tile_in, tile_path
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft
from vault.services.entry_keys import entry_keys

WAITING: Final = (1, 8, 64, 256)
LEAST_SECONDS: Final = 0.3
"""Reading a mirror is repeated until it has taken this long."""

FLUSHES: Final = 100

_MICRO: Final = 1_000_000
_PERCENT: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """How one way of writing went.

    Attributes:
        rate: Entries a second.
        p99_ms: Of the latencies, each from asking to durable.
    """

    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRound:
    """One round: for each number of waiting threads the plain way and ours."""

    plain: dict[int, Appended]
    ours: dict[int, Appended]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What reading the finished log costs.

    Attributes:
        verify_rate, scan_rate: Leaves a second.
        bytes_per_entry: By which the database grew.
        flush_us: What the disk takes to make 4 KiB durable: it decides what a commit costs.
    """

    entries: int
    flush_us: float
    verify_rate: float
    scan_rate: float
    bytes_per_entry: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalBench:
    """A vault in a folder, to write entries of one holder into.

    Attributes:
        keys, decided: At hand, as they are before anything is queued: the journal is measured.
        seconds: How long each way is driven.
    """

    vault: Vault = field(repr=False)
    space: Space
    keys: EntryKeys = field(repr=False)
    decided: Decided = field(repr=False)
    database: Path
    folder: Path
    seconds: float

    def round(self) -> JournalRound:
        """Write both ways, for each number of waiting threads."""
        size = len(self._appended().kept.payload)
        plain, ours = {}, {}
        for waiting in WAITING:
            with _plain_rows(self.folder / "plain.sqlite", size=size) as insert:
                plain[waiting] = driven(insert, waiting=waiting, seconds=self.seconds)
            ours[waiting] = driven(self._appended, waiting=waiting, seconds=self.seconds)
        return JournalRound(plain=plain, ours=ours)

    def read(self, *, before: tuple[int, int]) -> Read:
        """Verify and scan the log; ``before`` is what ``size`` said when nothing was written."""
        entries, length = (now - then for now, then in zip(self.size(), before, strict=True))
        folder = self.folder / "mirror"
        head = write_mirror(self.vault.logs[0], folder)
        mirror = Mirror(folder)
        bundles = list(check_tree(mirror, head))
        log = {"origin": head.origin, "lane": 0, "size": 0, "count": 0}
        key = {"kind": "holder", "tag_key": bytes(32).hex(), "logs": [log]}
        return Read(
            entries=head.size,
            flush_us=_flush_us(self.folder / "flushed"),
            verify_rate=head.size / _took(lambda: sum(1 for _ in check_tree(mirror, head))),
            scan_rate=head.size / _took(lambda: len(find_own(iter(bundles), key, head))),
            bytes_per_entry=length / max(1, entries),
        )

    def size(self) -> tuple[int, int]:
        """Return the entries of the log and the bytes of the database that are in use."""
        entries = self.vault.logs[0].size()
        with closing(sqlite3.connect(self.database)) as connection:
            return entries, int(
                connection.execute(
                    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, "
                    "pragma_freelist_count, pragma_page_size"
                ).fetchone()[0]
            )

    def _appended(self) -> Committed:
        done = self.vault.journal.submit(self._operation())
        if not isinstance(done, Committed):
            raise TypeError("an entry of the benchmark was refused")
        return done

    def _operation(self) -> Disclosure:
        """Return an operation whose decision stands."""
        vault = self.vault
        draft = Draft(
            entry_id=new_entry_id(vault.random),
            kind=Kind.OWN_EXPORT,
            basis=Basis.OWN,
            by=By(member="self"),
            trace=RequestTrace(network="192.0.2.0/24"),
        )
        return Disclosure(
            log_id=self.space.log_id,
            space=self.space,
            actor_id=HOLDERS_ACTOR_ID,
            entry_id=draft.entry_id,
            keys=self.keys,
            decided=self.decided,
            decide=_decided,
            entry=draft.entry,
            quota_id=vault.random(16),
        )


@contextmanager
def journal_bench(settings: Settings, folder: Path, *, seconds: float) -> Iterator[JournalBench]:
    """Open a vault for measuring while the block runs."""
    with wire(settings) as wired:
        scene = Scene(wired.vault, folder / "clients")
        scene.deposit()
        space = scene.space()
        with wired.vault.read() as tx:
            keys = entry_keys(
                tx, keyring=wired.vault.keyring, space=space, actor_id=HOLDERS_ACTOR_ID
            )
            decided = _decided(tx, wired.vault.clock.now_ms())
        yield JournalBench(
            vault=wired.vault,
            space=space,
            keys=keys,
            decided=decided,
            database=settings.database,
            folder=folder,
            seconds=seconds,
        )


def driven(act: Callable[[], Any], *, waiting: int, seconds: float) -> Appended:
    """Let ``waiting`` threads act again and again for some seconds."""
    taken: list[list[float]] = [[] for _ in range(waiting)]
    begin, over = threading.Event(), threading.Event()

    def loop(mine: list[float]) -> None:
        begin.wait()
        while not over.is_set():
            started = time.perf_counter()
            act()
            mine.append(time.perf_counter() - started)

    threads = [threading.Thread(target=loop, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    begin.set()
    over.wait(seconds)
    over.set()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    every = sorted(one for mine in taken for one in mine)
    return Appended(
        rate=len(every) / spent,
        p50_ms=1000 * every[len(every) // 2],
        p99_ms=1000 * every[len(every) * _PERCENT // 100],
    )


def write_mirror(log: PublicLog, folder: Path) -> Checkpoint:
    """Write the whole of ``log`` as a mirror; return its checkpoint."""
    note = log.checkpoint()
    head = read_checkpoint(note, None)
    for level in (None, *range(MAX_LEVEL + 1)):
        for index in count():
            tile = tile_in(head.size, level=level, index=index)
            if tile is None:
                break
            file = folder / tile_path(tile)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(log.tile(tile))
    (folder / "checkpoint").write_text(note, "utf-8")
    return head


@contextmanager
def _plain_rows(file: Path, *, size: int) -> Iterator[Callable[[], None]]:
    """Yield what inserts one row of ``size`` bytes and commits, durable as the journal is."""
    alone, payload = threading.Lock(), bytes(size)
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as rows:
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = FULL")
        rows.execute("CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, payload BLOB)")

        def insert() -> None:
            with alone:
                rows.execute("BEGIN IMMEDIATE")
                rows.execute("INSERT INTO plain (payload) VALUES (?)", (payload,))
                rows.execute("COMMIT")

        yield insert


def _flush_us(file: Path) -> float:
    """Return the median time of an ``fsync`` after 4 KiB, in microseconds."""
    taken = []
    with file.open("wb") as written:
        for _ in range(FLUSHES):
            written.write(bytes(4096))
            written.flush()
            started = time.perf_counter()
            os.fsync(written.fileno())
            taken.append(time.perf_counter() - started)
    return _MICRO * median(taken)


def _decided(tx: Tx, at_ms: int) -> Decided:
    return Asking(tx, now_ms=at_ms).decided(AccessRequest(action=Action.SYSTEM))


def _took(act: Callable[[], object]) -> float:
    """Return the seconds that ``act`` takes, on an average of as many times as it needs."""
    times, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < LEAST_SECONDS:
        act()
        times += 1
    return spent / times
