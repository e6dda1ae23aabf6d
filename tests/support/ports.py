"""Every port of the vault: the plain model, SQLite, and PostgreSQL; files in a folder."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from storage.blobs import StoredBlobs
from storage.database import Database
from storage.first_head import open_log
from storage.group_commit import GroupCommit
from storage.journal_append import LogIdentity
from storage.objects import ObjectStore
from storage.objects_folder import FolderObjects
from storage.postgresql import Server, open_postgresql
from storage.public_log import PublicLog as SqlPublicLog
from storage.shared_transactions import shared_transactions
from storage.sqlite import open_sqlite
from storage.unit_of_work import journal_transactions, reader, worker
from storage.writing import Writing
from tests.support.crypto import VAULT_ID, new_keyring
from tests.support.guarded import guarded_worker, unlocked
from tests.support.memory.blobs import MemoryBlobs
from tests.support.memory.database import Memory
from tests.support.memory.journal import MemoryJournal
from tests.support.postgres import migrated
from tests.support.vault_values import NOW_MS
from vault.crypto.keyring import CHECKPOINT, Keyring
from vault.crypto.signing import SignerKey, VerifierKey
from vault.journal.operations import Change, Disclosure, Journal, Outcome, Pending
from vault.journal.public import PublicLog
from vault.journal.trust import Policy
from vault.ports import Blobs, Read, SharedWork, Work

ORIGIN = "vault.example/log/2026"
LOG_ID = 0


@dataclass
class FixedClock:
    """Stands still until it is told."""

    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        """Return milliseconds."""
        return self.at_ms

    def advance(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Let time pass."""
        self.at_ms += seconds * 1000 + ms


class HookedJournal:
    """A journal with a place to interleave.

    Attributes:
        inner: The journal itself.
    """

    def __init__(self, journal: Journal) -> None:
        self.inner = journal
        self._before: list[Callable[[], object]] = []

    @property
    def waiting(self) -> bool:
        """See the port."""
        return self.inner.waiting

    def just_before_the_lock(self, act: Callable[[], object]) -> None:
        """Let ``act`` happen once, after the next operation was decided and before its turn."""
        self._before.append(act)

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        """See the port."""
        acts, self._before = self._before, []
        for act in acts:
            act()
        return self.inner.enqueue(operation)

    def submit(self, operation: Change | Disclosure) -> Outcome:
        """See the port."""
        acts, self._before = self._before, []
        for act in acts:
            act()
        return self.inner.submit(operation)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One implementation of everything.

    Attributes:
        work: May write guarded rows here, as the journal's transaction may.
        verifier: Of the log's checkpoints.
        memory: The rows themselves, where they lie in memory: for tests that spoil them.
    """

    name: str
    read: Read
    work: Work
    shared: SharedWork
    journal: HookedJournal
    log: PublicLog
    blobs: Blobs
    clock: FixedClock
    keyring: Keyring
    verifier: VerifierKey
    memory: Memory | None = None

    @property
    def policy(self) -> Policy:
        """Believe this log alone."""
        return Policy.parse(f"log {self.verifier.encode()}\nquorum none\n")


Opened = Callable[[Keyring, SignerKey, Path, ObjectStore | None], AbstractContextManager[Ports]]


@contextmanager
def open_ports(name: str, folder: Path, *, objects: ObjectStore | None = None) -> Iterator[Ports]:
    """Open the implementation ``name``: ``memory``, ``sqlite`` or ``postgresql``.

    Args:
        name: Of the implementation.
        folder: Where it may keep something.
        objects: Where sealed files go instead of a folder.
    """
    with _founded(_OPENED[name], folder, objects) as ports:
        yield ports


@contextmanager
def open_ports_on(server: Server, folder: Path) -> Iterator[Ports]:
    """Open PostgreSQL on a migrated database that the caller has made."""
    with _founded(partial(_on, server), folder, None) as ports:
        yield ports


@contextmanager
def _founded(opened: Opened, folder: Path, objects: ObjectStore | None) -> Iterator[Ports]:
    keyring, rows = new_keyring()
    checkpoint = keyring.new_service_key(CHECKPOINT)
    signer = keyring.checkpoint_signer(checkpoint, origin=ORIGIN)
    with opened(keyring, signer, folder, objects) as ports:
        with ports.work() as tx:
            tx.system.set_vault_id(VAULT_ID)
            for row in (*rows, checkpoint):
                tx.system.add(row)
        yield ports


@contextmanager
def _memory(
    keyring: Keyring, signer: SignerKey, _folder: Path, _objects: ObjectStore | None
) -> Iterator[Ports]:
    memory, clock = Memory(), FixedClock()
    journal = MemoryJournal(
        memory, signer=signer, vault_id=VAULT_ID, clock=clock, random=os.urandom
    )
    yield Ports(
        name="memory",
        read=memory.read,
        work=memory.work,
        shared=memory,
        journal=HookedJournal(journal),
        log=journal.log,
        blobs=MemoryBlobs(memory, random=os.urandom),
        clock=clock,
        keyring=keyring,
        verifier=signer.verifier,
        memory=memory,
    )


@contextmanager
def _sqlite(
    keyring: Keyring, signer: SignerKey, folder: Path, objects: ObjectStore | None
) -> Iterator[Ports]:
    with (
        open_sqlite(folder / "data" / "vault.db", threads=8) as database,
        _sql(database, keyring, signer, folder, name="sqlite", objects=objects) as ports,
    ):
        yield ports


@contextmanager
def _postgresql(
    keyring: Keyring, signer: SignerKey, folder: Path, objects: ObjectStore | None
) -> Iterator[Ports]:
    with migrated() as server, _on(server, keyring, signer, folder, objects) as ports:
        yield ports


@contextmanager
def _on(
    server: Server,
    keyring: Keyring,
    signer: SignerKey,
    folder: Path,
    objects: ObjectStore | None,
) -> Iterator[Ports]:
    with (
        open_postgresql(server, threads=8) as database,
        _sql(database, keyring, signer, folder, name="postgresql", objects=objects) as ports,
    ):
        yield ports


@contextmanager
def _sql(
    database: Database,
    keyring: Keyring,
    signer: SignerKey,
    folder: Path,
    *,
    name: str,
    objects: ObjectStore | None,
) -> Iterator[Ports]:
    clock = FixedClock()
    unlocked(database)
    with journal_transactions(database)() as connection:
        open_log(
            connection,
            log_id=LOG_ID,
            year=2026,
            origin=ORIGIN,
            signer=signer,
            now_ms=clock.now_ms(),
        )
    fatal = list[Exception]()
    journal = GroupCommit(
        writing=Writing.to(database),
        identity=LogIdentity(
            log_id=LOG_ID,
            vault_id=VAULT_ID,
            suite=keyring.suite,
            signer=signer,
            random=os.urandom,
        ),
        state_path=folder / "state" / "log.json",
        clock=clock,
        on_fatal=fatal.append,
    )
    (folder / "state").mkdir(parents=True)
    journal.start()
    try:
        with shared_transactions(worker(database)) as shared:
            yield Ports(
                name=name,
                read=reader(database),
                work=guarded_worker(database, log_id=LOG_ID),
                shared=shared,
                journal=HookedJournal(journal),
                log=SqlPublicLog(database, log_id=LOG_ID),
                blobs=StoredBlobs(
                    objects or FolderObjects(folder / "blobs"),
                    database=database,
                    random=os.urandom,
                ),
                clock=clock,
                keyring=keyring,
                verifier=signer.verifier,
            )
    finally:
        journal.stop()
    if fatal:
        raise fatal[0]


_OPENED: Final[Mapping[str, Opened]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}
