"""The journal's writer over a real database, and operations that say only what differs."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from policies.access import Deny, Permit, decide, overrule
from policies.requests import Action
from scripts.log_reading import RowsLog
from storage.database import Database
from storage.dialects import marked_for
from storage.first_head import open_log
from storage.group_commit import GroupCommit
from storage.journal_append import LogIdentity
from storage.log_rows import HeadRow, LogRows
from storage.postgresql import Server, open_postgresql
from storage.sqlite import open_sqlite
from storage.unit_of_work import (
    journal_transactions,
    plain_transactions,
    read_transactions,
    reader,
)
from storage.writing import Writing
from tests.support.access import PERMITTED
from tests.support.guarded import guarded_worker, unlocked
from tests.support.journal_values import VAULT_ID, entry_keys, entry_numbered
from tests.support.ports import FixedClock
from tests.support.vault_values import DEPARTMENT_ID, GRANT_ID, SPACE
from vault.clients.protocol import Claim
from vault.consents import ConsentStatus
from vault.crypto.signing import SignerKey
from vault.crypto.suites import Suite
from vault.ids import EntryId, Space
from vault.journal.entries import Entry, Kind
from vault.journal.findings import StoredEntry
from vault.journal.operations import (
    Change,
    Committed,
    Decided,
    Decision,
    Disclosure,
    Guarded,
    Request,
    Seen,
    Spend,
    Urgency,
)
from vault.journal.sealing import open_entry
from vault.journal.trust import Policy
from vault.journal.verify import verify_log
from vault.ports import KeptEntry, Read, Tx, Work

LOG_ID = 0
YEAR = 2026
ORIGIN = "vault.example/log/2026"
SIGNER = SignerKey(b"\x01" * 32, name=ORIGIN)
TRUST = Policy.parse(f"log {SIGNER.verifier.encode()}\nquorum none\n")

Wrap = Callable[[AbstractContextManager[Connection]], AbstractContextManager[Connection]]


@dataclass
class World:
    """One log in a database of its own; the writer starts when a test says so."""

    folder: Path
    database: Database
    clock: FixedClock = field(default_factory=FixedClock)
    fatal: list[Exception] = field(default_factory=list)

    @property
    def read(self) -> Read:
        return reader(unlocked(self.database))

    @property
    def work(self) -> Work:
        """May write guarded rows here, as the journal's transaction may."""
        return guarded_worker(unlocked(self.database), log_id=LOG_ID)

    @property
    def state_path(self) -> Path:
        return self.folder / "state" / "log.json"

    def writer(self, *, wrap: Wrap = lambda transaction: transaction) -> GroupCommit:
        """Return a writer that has not started; ``wrap`` may spoil its transactions."""
        unlocked(self.database)
        transaction = journal_transactions(self.database)
        return GroupCommit(
            writing=replace(Writing.to(self.database), transaction=lambda: wrap(transaction())),
            identity=LogIdentity(
                log_id=LOG_ID,
                vault_id=VAULT_ID,
                suite=Suite.AES_256_GCM,
                signer=SIGNER,
                random=os.urandom,
            ),
            state_path=self.state_path,
            clock=self.clock,
            on_fatal=self.fatal.append,
        )

    @contextmanager
    def serving(self) -> Iterator[GroupCommit]:
        """Run a writer while the block runs."""
        writer = self.writer()
        writer.start()
        try:
            yield writer
        finally:
            writer.stop()

    def head(self) -> HeadRow:
        with read_transactions(self.database)() as connection:
            head = LogRows(connection).head(LOG_ID)
        assert head is not None
        return head

    def say(self, statement: str, *values: object) -> None:
        """Write as somebody with access to the database could."""
        with plain_transactions(self.database)() as connection:
            connection.exec_driver_sql(marked_for(connection, statement), values)

    def ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with read_transactions(self.database)() as connection:
            return [
                tuple(row)
                for row in connection.exec_driver_sql(marked_for(connection, statement), values)
            ]

    def entries(self, space: Space = SPACE) -> tuple[KeptEntry, ...]:
        """Return a holder's entries in the order of the log."""
        with self.read() as tx:
            return tx.entries.of_holder(space, before=None, limit=1000)[::-1]

    def faults(self) -> tuple[str, ...]:
        """Verify the whole log with its keys; return what is wrong with it."""
        with read_transactions(self.database)() as connection:
            source = RowsLog(connection, log_id=LOG_ID, year=YEAR)
            report = verify_log(source, verifier=SIGNER.verifier, opener=_opened)
        assert report.opened == report.entries == report.head.size
        return tuple(str(finding) for finding in report.findings)


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Open a world in ``folder``, whose log is opened if it is not there."""
    with open_sqlite(folder / "data" / "vault.db", threads=8) as database:
        yield _world(folder, database)


@contextmanager
def open_world_on(server: Server, folder: Path) -> Iterator[World]:
    """Open a world whose database is on ``server``; only its state lies in ``folder``."""
    with open_postgresql(server, threads=8) as database:
        yield _world(folder, database)


def _world(folder: Path, database: Database) -> World:
    (folder / "state").mkdir(exist_ok=True)
    world = World(folder, database)
    with plain_transactions(database)() as connection:
        open_log(
            connection,
            log_id=LOG_ID,
            year=YEAR,
            origin=ORIGIN,
            signer=SIGNER,
            now_ms=world.clock.now_ms(),
        )
    return world


def in_one_batch(writer: GroupCommit, *operations: Change | Disclosure) -> list[object]:
    """Serve all at once; say which were committed and how the others failed."""
    waiting = [writer.enqueue(operation) for operation in operations]
    writer.start()
    writer.stop()
    return [
        type(error) if (error := one.exception()) else isinstance(one.result(), Committed)
        for one in waiting
    ]


def permitted(*seen: Seen, until_ms: int | None = None) -> Decided:
    """Return the decision that permits a pull."""
    return Decided(decision=PERMIT, seen=seen, inputs=b"inputs", holds_until_ms=until_ms)


def refused(reason: str = "consent-closed") -> Decided:
    """Return a decision that refuses it."""
    return Decided(decision=overrule(PERMIT, reason), seen=(), inputs=b"inputs")


def as_the_consent_says(tx: Tx, _at_ms: int) -> Decided:
    """Permit while the usual consent is active."""
    consent = tx.consents.get(SPACE, grant_id=GRANT_ID)
    active = consent is not None and consent.status is ConsentStatus.ACTIVE
    return permitted() if active else refused()


def grant_at(version: int) -> Seen:
    """Return the usual consent as it was read at a version."""
    return Seen(Guarded.GRANT, (*SPACE, GRANT_ID), version)


def spend_of(code: str) -> Spend:
    """Return one use of the usual consent."""
    return Spend(SPACE, GRANT_ID, code)


def a_pull(
    number: int,
    *,
    decided: Decided | None = None,
    decide_anew: Callable[[Tx, int], Decided] = as_the_consent_says,
    claims: tuple[Claim, ...] = (),
    spends: tuple[Spend, ...] = (),
    entry: Callable[[Decision, int], Entry] | None = None,
    log_id: int = LOG_ID,
) -> Disclosure:
    """Return the pull whose entry is the ``number``-th, permitted before it queues."""
    return Disclosure(
        log_id=log_id,
        space=SPACE,
        actor_id=DEPARTMENT_ID,
        entry_id=entry_id(number),
        keys=entry_keys(),
        decided=decided or permitted(),
        decide=decide_anew,
        entry=entry or _entry(number, Kind.PULL),
        claims=claims,
        spends=spends,
    )


def a_change(
    number: int,
    *,
    effect: Callable[[Tx, int], None] = lambda _tx, _at_ms: None,
    decide_anew: Callable[[Tx, int], Decided] = lambda _tx, _at_ms: permitted(),
    claims: tuple[Claim, ...] = (),
    request: Request | None = None,
    urgency: Urgency = Urgency.NORMAL,
    space: Space | None = SPACE,
) -> Change:
    """Return the change whose entry is the ``number``-th."""
    return Change(
        log_id=LOG_ID,
        space=space,
        actor_id=DEPARTMENT_ID,
        entry_id=entry_id(number),
        keys=entry_keys(holder=None if space is None else 1),
        decided=permitted(),
        decide=decide_anew,
        entry=_entry(number, Kind.CONSENT_REVOKE),
        claims=claims,
        effect=effect,
        request=request,
        urgency=urgency,
    )


def entry_id(number: int) -> EntryId:
    """Return the id of the ``number``-th entry."""
    return entry_numbered(number).entry_id


def _entry(number: int, kind: Kind) -> Callable[[Decision, int], Entry]:
    def build(decision: Decision, at_ms: int) -> Entry:
        told = Kind.REFUSAL if isinstance(decision, Deny) else kind
        return entry_numbered(number, kind=told, at_ms=at_ms)

    return build


def _permit() -> Permit:
    decision = decide(PERMITTED[Action.PULL])
    assert isinstance(decision, Permit)
    return decision


PERMIT = _permit()


def _opened(stored: StoredEntry) -> Entry:
    assert stored.payload is not None
    return open_entry(
        stored.payload,
        keys=entry_keys(holder=None if stored.holder_id is None else 1),
        entry_id=EntryId(stored.entry_id),
        holder_seq=stored.holder_seq,
        actor_seq=stored.actor_seq,
        vault_id=VAULT_ID,
        suite=Suite.AES_256_GCM,
    )
