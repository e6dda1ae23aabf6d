"""Units of work: a transaction with its stores, to read, or to write protocol rows.

What changes a space goes through the journal, whose writer makes its own ``SqlTx``. A thread
is in one unit of work at a time: two would hold two connections of the pool, and a second
writer would wait for the first for ever (journal.md 2.6 rule 3).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from sqlalchemy import Connection, Engine

from storage.database import JOURNAL, MODE, READS, WRITES, Database
from storage.failures import DatabaseFailure, commit_failure, failure
from storage.row_guard import Guard
from storage.statements import Driver, Recorder
from storage.stores.cases import SqlCases, SqlNotices
from storage.stores.clients import SqlClients
from storage.stores.consents import SqlConsents
from storage.stores.demands import SqlDemands
from storage.stores.departments import SqlDepartments
from storage.stores.developers import SqlDevelopers
from storage.stores.entries import SqlEntries
from storage.stores.holders import SqlHolders
from storage.stores.mandates import SqlMandates
from storage.stores.passkeys import SqlPasskeys
from storage.stores.protocol import SqlProtocolRows
from storage.stores.records import SqlRecords
from storage.stores.refusals import SqlRefusals
from storage.stores.registrations import SqlRegistrations
from storage.stores.signing import SqlSigningKeys
from storage.stores.system import SqlPolicies, SqlSystemKeys
from storage.stores.use_receipts import SqlUseReceipts
from storage.stores.witnesses import SqlWitnesses
from vault.ports import Read, Tx, Work

Transactions = Callable[[], AbstractContextManager[Connection]]
"""Starts transactions of one kind; each ends with its block."""

_here: Final = threading.local()


class SqlTx:
    """Implements ``vault.ports.Tx`` over one open transaction; ends nothing itself."""

    __slots__ = (
        "_driver",
        "cases",
        "clients",
        "consents",
        "demands",
        "departments",
        "developers",
        "entries",
        "holders",
        "mandates",
        "notices",
        "passkeys",
        "policies",
        "protocol",
        "records",
        "refusals",
        "registrations",
        "signing",
        "system",
        "use_receipts",
        "witnesses",
    )

    def __init__(self, on: Connection | Driver, *, guard: Guard | None = None) -> None:
        """Stand on the transaction of a connection, or on one that a driver stands on.

        Args:
            on: The transaction.
            guard: Lets guarded rows be read and written; without one they are not.
        """
        driver = on if isinstance(on, Driver) else Driver(on)
        if guard is not None:
            driver.guard = guard
        self._driver = driver
        self.system = SqlSystemKeys(driver)
        self.holders = SqlHolders(driver)
        self.records = SqlRecords(driver)
        self.consents = SqlConsents(driver)
        self.use_receipts = SqlUseReceipts(driver)
        self.demands = SqlDemands(driver)
        self.mandates = SqlMandates(driver)
        self.cases = SqlCases(driver)
        self.departments = SqlDepartments(driver)
        self.clients = SqlClients(driver)
        self.passkeys = SqlPasskeys(driver)
        self.developers = SqlDevelopers(driver)
        self.registrations = SqlRegistrations(driver)
        self.refusals = SqlRefusals(driver)
        self.witnesses = SqlWitnesses(driver)
        self.policies = SqlPolicies(driver)
        self.notices = SqlNotices(driver)
        self.entries = SqlEntries(driver)
        self.signing = SqlSigningKeys(driver)
        self.protocol = SqlProtocolRows(driver)

    def foresee(self, reads: Callable[[Tx], object]) -> None:
        """Ask for several things at once, where the database is at a distance (see the port)."""
        ahead = self._driver.ahead
        if ahead is not None:
            recorder = Recorder(self._driver.dialect)
            reads(SqlTx(recorder))
            ahead.ask(recorder.said)


def inside_unit_of_work() -> bool:
    """Say whether this thread has a unit of work open."""
    return getattr(_here, "open", False)


def reader(database: Database) -> Read:
    """Return what starts read-only units of work; each sees one state of everything."""
    lanes = database.lanes

    @contextmanager
    def read() -> Iterator[Tx]:
        with _marked(), lanes.reading() as driver:
            yield SqlTx(driver, guard=database.guard)

    return read


def worker(database: Database) -> Work:
    """Return what starts plain units of work, each in its turn."""
    transaction = plain_transactions(database)

    @contextmanager
    def work() -> Iterator[Tx]:
        with transaction() as connection:
            yield SqlTx(connection, guard=database.guard)

    return work


def read_transactions(database: Database, *, source: Engine | None = None) -> Transactions:
    """Return what starts transactions that only read; what they would write is refused.

    Args:
        database: To be read.
        source: Whose connections they take; by default those of request threads.
    """
    engine = (source or database.engine).execution_options(**{MODE: READS})

    @contextmanager
    def transaction() -> Iterator[Connection]:
        with _marked():
            try:
                with engine.connect() as connection, connection.begin() as begun:
                    yield connection
                    begun.rollback()
            except DatabaseFailure as error:
                raise failure(error) from error

    return transaction


def plain_transactions(database: Database) -> Transactions:
    """Return what starts transactions of rows that no decision reads, each in its turn."""
    return _transactions(database, first=False)


def journal_transactions(database: Database) -> Transactions:
    """Return what starts the journal's transactions: on its own connection, before all others.

    Errors of the commit that leave its outcome open are ``OutcomeOpenError``.
    """
    return _transactions(database, first=True)


def _transactions(database: Database, *, first: bool) -> Transactions:
    source = database.journal if first else database.engine
    engine = source.execution_options(**{MODE: JOURNAL if first else WRITES})
    kind = database.kind

    @contextmanager
    def transaction() -> Iterator[Connection]:
        with _marked(), kind.turn(first=first):
            try:
                with engine.connect() as connection:
                    begun = connection.begin()
                    try:
                        yield connection
                    except BaseException:
                        begun.rollback()
                        raise
                    kind.refuse_undone(connection)
                    try:
                        begun.commit()
                    except DatabaseFailure as error:
                        connection.invalidate()
                        raise commit_failure(error) from error
                    kind.refuse_doubtful(connection)
            except DatabaseFailure as error:
                raise failure(error) from error

    return transaction


@contextmanager
def _marked() -> Iterator[None]:
    if inside_unit_of_work():
        raise RuntimeError("a unit of work inside another")
    _here.open = True
    try:
        yield
    finally:
        _here.open = False
