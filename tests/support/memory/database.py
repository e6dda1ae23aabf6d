"""A database in memory: one writer at a time, snapshots for readers, all or nothing."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.support.memory.demands import MemoryDemands
from tests.support.memory.developers import MemoryDevelopers
from tests.support.memory.guarded import (
    MemoryCases,
    MemoryConsents,
    MemoryHolders,
    MemoryMandates,
    MemoryPasskeys,
    MemoryRecords,
)
from tests.support.memory.protocol import MemoryProtocolRows
from tests.support.memory.refusals import MemoryRefusals
from tests.support.memory.registrations import MemoryRegistrations
from tests.support.memory.registry import (
    MemoryClients,
    MemoryDepartments,
    MemoryEntries,
    MemoryNotices,
    MemoryPolicies,
    MemorySigningKeys,
    MemorySystemKeys,
)
from tests.support.memory.rows import Rows, system_key_name
from tests.support.memory.use_receipts import MemoryUseReceipts
from tests.support.memory.witnesses import MemoryWitnesses
from vault.cases import Case
from vault.clients import Client
from vault.clients.protocol import AuthorizationCode, Claim, SignIn
from vault.consents import Consent
from vault.crypto.keys import WrappedKey
from vault.departments import Department
from vault.holders import Holder
from vault.mandates import Mandate
from vault.ports import SharedAct, Tx
from vault.records import RecordHead

T = TypeVar("T")
Row = (
    Client
    | Department
    | Case
    | Holder
    | Consent
    | Mandate
    | RecordHead
    | SignIn
    | AuthorizationCode
    | WrappedKey
)


class MemoryTx:
    """Implements ``vault.ports.Tx`` over rows; ends nothing itself."""

    def __init__(self, rows: Rows) -> None:
        self.system = MemorySystemKeys(rows)
        self.holders = MemoryHolders(rows)
        self.records = MemoryRecords(rows)
        self.consents = MemoryConsents(rows)
        self.demands = MemoryDemands(rows)
        self.mandates = MemoryMandates(rows)
        self.use_receipts = MemoryUseReceipts(rows)
        self.cases = MemoryCases(rows)
        self.passkeys = MemoryPasskeys(rows)
        self.departments = MemoryDepartments(rows)
        self.clients = MemoryClients(rows)
        self.developers = MemoryDevelopers(rows)
        self.registrations = MemoryRegistrations(rows)
        self.refusals = MemoryRefusals(rows)
        self.policies = MemoryPolicies(rows)
        self.signing = MemorySigningKeys(rows)
        self.notices = MemoryNotices(rows)
        self.entries = MemoryEntries(rows)
        self.protocol = MemoryProtocolRows(rows)
        self.witnesses = MemoryWitnesses(rows)

    def foresee(self, reads: Callable[[Tx], object]) -> None:
        """See the port: these rows are near."""


class Memory:
    """Gives units of work: ``read`` and ``work`` of ``vault.ports``; it is ``SharedWork`` itself.

    Attributes:
        rows: What is committed now.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def read(self) -> Iterator[MemoryTx]:
        """See one state of everything, and write nothing."""
        with self._marked():
            yield MemoryTx(self.rows.snapshot(closed=True))

    @contextmanager
    def work(self) -> Iterator[MemoryTx]:
        """Write what the block wrote, or nothing."""
        with self.changing() as rows:
            yield MemoryTx(rows)

    @contextmanager
    def changing(self) -> Iterator[Rows]:
        """Give rows to write on; they are committed when the block ends without error."""
        with self._marked(), self._lock:
            draft = self.rows.snapshot()
            yield draft
            self.rows = draft

    def enqueue(self, claims: Sequence[Claim], act: SharedAct[T]) -> Future[T]:
        """Do a unit of work at once, alone (``vault.ports.SharedWork``)."""
        future: Future[T] = Future()
        try:
            with self.work() as tx:
                result = act(tx, tx.protocol.claim(claims))
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def inside(self) -> bool:
        """Say whether this thread has a unit of work open."""
        return getattr(self._here, "open", False)

    @contextmanager
    def _marked(self) -> Iterator[None]:
        if self.inside():
            raise RuntimeError("a unit of work inside another")
        self._here.open = True
        try:
            yield
        finally:
            self._here.open = False

    # For tests that begin somewhere else than at the beginning.

    def add(self, *rows: Row) -> None:
        """Put rows where they belong, whatever is there."""
        with self.changing() as tables:
            for row in rows:
                _put(tables, row)


def _put(tables: Rows, row: Row) -> None:
    put: dict[type, Callable[[Any], None]] = {
        Client: lambda one: tables.clients.update({one.client_id: one}),
        Department: lambda one: tables.departments.update({one.department_id: one}),
        Case: lambda one: tables.cases.update({one.case_no: one}),
        Holder: lambda one: tables.holders.update({one.space: one}),
        Consent: lambda one: tables.consents.update({one.grant_id: one}),
        Mandate: lambda one: tables.mandates.update({one.mandate_id: one}),
        RecordHead: lambda one: tables.heads.update({one.record_id: one}),
        SignIn: lambda one: tables.signins.update({one.signin_hash: one}),
        AuthorizationCode: lambda one: tables.codes.update({one.code_hash: one}),
        WrappedKey: lambda one: tables.keys.update({system_key_name(one): one}),
    }
    put[type(row)](row)
