"""No statement of the release path, and no look-up of a store, reads a whole table."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

import storage.stores
from storage import blob_intents
from storage.database import Database
from storage.statements import Prepared
from storage.unit_of_work import read_transactions
from tests.support.vault_values import (
    CASE_NO,
    CLIENT_ID,
    DEPARTMENT_ID,
    ENTRY_ID,
    MANDATE_ID,
    RECORD_ID,
    SPACE,
    a_case,
    a_claim,
    a_client,
    a_consent,
    a_department,
    a_holder,
    a_key,
    a_mandate,
    a_notice,
    a_record,
    a_token,
    a_use,
    digest,
    holder_keys,
    record_key,
)
from tests.support.writer import World, a_change, a_pull, grant_at, permitted, spend_of
from vault.crypto.contexts import Purpose
from vault.journal.operations import Committed, Decision, Disclosure, Guarded, Request, Seen
from vault.notices import Notice
from vault.records import VersionRef

READS_ALL = {
    "clients._ALL": "few, and all are wanted",
    "signing._KEYS": "few, and all are wanted",
    "system._KEYS": "few, and all are wanted",
    "use_receipts._STANDINGS": "an operator asks, and all are counted",
}
"""Statements that read a whole table, and why they may."""

LISTED = re.compile(r"SCAN (w[0-9]?|([0-9]+ )?CONSTANT ROWS?)")
"""Rows that stand in the statement itself."""

RECORD = VersionRef(SPACE, RECORD_ID, 1)
REQUEST = Request(actor_id=DEPARTMENT_ID, request_id="one", body_hash=digest("b"), answer=b"{}")
SEEN = (
    grant_at(1),
    Seen(Guarded.HOLDER, (*SPACE,), 1),
    Seen(Guarded.RECORD, (*SPACE, RECORD_ID), 1),
    Seen(Guarded.CASE, (*SPACE, CASE_NO), 1),
    Seen(Guarded.MANDATE, (*SPACE, MANDATE_ID), 1),
    Seen(Guarded.CLIENT, (CLIENT_ID,), 1),
    Seen(Guarded.DEPARTMENT, (DEPARTMENT_ID,), 1),
    Seen(Guarded.POLICY, (1,), 1),
)


def prepared() -> Iterator[tuple[str, Prepared]]:
    """Yield every statement of the stores, by module and name."""
    names = [f"storage.stores.{one.name}" for one in iter_modules(storage.stores.__path__)]
    for module in [*map(import_module, names), blob_intents]:
        for name, value in vars(module).items():
            if isinstance(value, Prepared):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value
        for number, (statement, _) in enumerate(getattr(module, "_SWEEPS", ())):
            yield f"protocol._SWEEPS[{number}]", statement


STATEMENTS = dict(prepared())


def steps(connection: Connection, text: str, *values: object) -> list[str]:
    """Return the steps in which SQLite would run a statement."""
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
    return [row[3] for row in plan]


def whole_tables(found: list[str]) -> list[str]:
    """Return the steps that read more than what an index leads to."""
    return [one for one in found if one.startswith("SCAN") and not LISTED.fullmatch(one)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_of_a_store_finds_its_rows_by_an_index(database: Database, name: str) -> None:
    with read_transactions(database)() as connection:
        compiled = STATEMENTS[name].compiled(connection.dialect)
        found = steps(connection, compiled.text, *(None for _ in compiled.names))

    assert bool(whole_tables(found)) == (name in READS_ALL)


def test_exemptions_are_statements_that_are_there() -> None:
    assert set(READS_ALL) <= set(STATEMENTS)
    assert len(STATEMENTS) > 60


def test_no_statement_of_a_batch_reads_a_whole_table(embedded: World) -> None:
    prepare(embedded)
    said = set[str]()
    writer = embedded.writer()
    operations = (full_pull(1), full_pull(2), a_change(3, request=REQUEST))
    waiting = [writer.enqueue(one) for one in operations]
    with listening(embedded.database.journal, said):
        writer.start()
        writer.stop()

        outcomes = [one.result() for one in waiting]
        found = {}
        with read_transactions(embedded.database)() as connection:
            for text in sorted(said):
                if text.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                    found[text[:60]] = whole_tables(steps(connection, text))

    assert all(isinstance(one, Committed) for one in outcomes)
    assert {text: scans for text, scans in found.items() if scans} == {}
    assert len(found) > 10


def prepare(world: World) -> None:
    """Write what a pull reads: holder, record, consent, client, department, case, token."""
    with world.work() as tx:
        tx.holders.add(a_holder(), numbers=(), keys=holder_keys())
        record = a_record()
        tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)
        tx.consents.add(a_consent(), uses=(a_use(),))
        tx.departments.add(
            a_department(), tag_key=a_key(Purpose.DEPARTMENT_TAG_KEY, DEPARTMENT_ID)
        )
        tx.clients.add(a_client())
        tx.mandates.add(a_mandate())
        tx.cases.add(a_case())
        tx.policies.activate(digest("policies"), text="permit")
        tx.protocol.add_token(a_token())


def full_pull(number: int) -> Disclosure:
    """Return a pull that read a row of every guarded table."""
    pull = a_pull(number, decided=permitted(*SEEN), claims=(a_claim(str(number)),))
    return replace(pull, releases=(RECORD,), spends=(spend_of("ID01"),), notices=_notices(number))


def _notices(number: int) -> Callable[[Decision, int], tuple[Notice, ...]]:
    return lambda _decision, _at_ms: (a_notice(number),)


@contextmanager
def listening(engine: Engine, said: set[str]) -> Iterator[None]:
    """Write down every statement that an engine is told."""

    def hear(*arguments: Any) -> None:  # noqa: ANN401 - an event of SQLAlchemy
        raw = arguments[0].connection.dbapi_connection
        raw.set_trace_callback(said.add)

    event.listen(engine, "begin", hear)
    try:
        yield
    finally:
        event.remove(engine, "begin", hear)
