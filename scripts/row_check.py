"""Verifies every guarded row and every state row, as each decision does with those it reads."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from api.deployment import row_macs
from scripts.reading import Opened
from storage.row_macs import GUARDED, STATE, GuardedTable, Row, RowMacs, StateRow
from storage.row_states import NOWHERE, SYSTEM, Owner, listed
from storage.row_versions import Versions
from storage.tables import METADATA
from vault.errors import IntegrityError, KeyUnavailableError
from vault.journal.findings import Fault, Finding

Guarded = tuple[GuardedTable, Row]


def check_rows(opened: Opened) -> Iterator[Finding]:
    """Yield each row that is not as it was written last, and each state row that is not."""
    try:
        macs = row_macs(opened.keyring, opened.tx.system.all())
    except KeyUnavailableError:
        yield Finding(fault=Fault.ROWS_UNSEALED)
        return
    good = list[Guarded]()
    for table, row in guarded_rows(opened.connection):
        if macs.holds(table, row):
            good.append((table, row[:-1]))
        else:
            yield Finding(fault=Fault.ROW_MAC, what=_named(table, row))
    known = dict[Owner, Versions]()
    for owner, state in _states(opened.connection, macs=macs):
        if state is None:
            yield Finding(fault=Fault.STATE_ROW, what=_owned(owner))
        else:
            known[owner] = Versions(state.versions)
    yield from _older(good, known)
    yield from _missing(opened.connection, known)


def guarded_rows(connection: Connection) -> Iterator[Guarded]:
    """Yield every guarded row as it is stored: all columns, and its hash."""
    for name, table in GUARDED.items():
        for row in connection.execute(METADATA.tables[name].select()):
            yield table, tuple(row)


def counted(connection: Connection) -> Iterator[tuple[Owner, int, int]]:
    """Yield each owner who has entries, how many, and where in the log the last one stands."""
    holders = (
        "SELECT log_id, holder_id, max(holder_seq) + 1, max(idx) FROM journal_entry"
        " WHERE holder_id IS NOT NULL GROUP BY log_id, holder_id"
    )
    for log_id, holder_id, seq, idx in connection.exec_driver_sql(holders):
        yield (log_id, holder_id), seq, idx
    actors = (
        "SELECT log_id, actor_id, max(actor_seq) + 1, max(idx) FROM journal_entry"
        " GROUP BY log_id, actor_id"
    )
    for log_id, actor_id, seq, idx in connection.exec_driver_sql(actors):
        if (log_id, actor_id) == SYSTEM:
            yield SYSTEM, seq, idx


def _states(connection: Connection, *, macs: RowMacs) -> Iterator[tuple[Owner, StateRow | None]]:
    """Yield the state row of each owner; ``None`` for one that does not hold."""
    due = {owner: (seq, idx) for owner, seq, idx in counted(connection)}
    counters = {
        (log_id, owner_id): seq
        for log_id, owner_id, seq in connection.exec_driver_sql(
            "SELECT log_id, owner_id, seq FROM journal_counter"
        )
    }
    for *values, mac in connection.execute(METADATA.tables[STATE].select()):
        state = StateRow(*values)
        owner = (state.log_id, state.owner_id)
        seq, idx = due.pop(owner, (0, NOWHERE))
        fits = (state.seq, state.idx) == (seq, idx) and counters.get(owner, 0) == seq
        try:
            yield owner, macs.checked_state(state, mac) if fits else None
        except IntegrityError:
            yield owner, None
    for owner in due:
        yield owner, None


def _older(rows: list[Guarded], known: dict[Owner, Versions]) -> Iterator[Finding]:
    for table, row in rows:
        for owner, versions in listed([(table, row)]).items():
            [(name, version)] = versions.items()
            if owner in known and known[owner].get(name) != version:
                yield Finding(fault=Fault.ROW_OLDER, what=_named(table, row))


def _missing(connection: Connection, known: dict[Owner, Versions]) -> Iterator[Finding]:
    """Yield whose rows are listed and not there any more."""
    stored = listed((table, row[:-1]) for table, row in guarded_rows(connection))
    for owner, versions in known.items():
        there = {name for name, _ in stored.get(owner, Versions()).items()}
        gone = [name for name, _ in versions.items() if name not in there]
        if gone:
            yield Finding(fault=Fault.ROW_MISSING, what=f"{_owned(owner)}: {len(gone)}")


def _named(table: GuardedTable, row: Row) -> str:
    key: list[Any] = [row[at] for at in table.key]
    return f"{table.name} {_shown(key[-1])}"


def _owned(owner: Owner) -> str:
    return f"{STATE} {_shown(owner[1])}"


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
