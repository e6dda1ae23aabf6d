"""Seals the guarded rows of a deployment that is older than their hashes: once, all together.

First the whole journal is verified, and every row against its last change: what is sealed is
believed from then on. All of it is one transaction, so that a crash leaves it done or not begun.
"""

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, and_

from api.databases import opened_database
from api.deployment import key_provider, row_macs
from api.settings import Settings
from api.wiring import wire
from scripts.outcomes import Exit, OperatorError
from scripts.reading import EmptyDatabaseError, Opened, logs_of
from scripts.row_check import counted, guarded_rows
from scripts.verifying import Verified, verify_all
from storage.row_macs import MAC, NAME, STATE, RowMacs, StateRow
from storage.row_states import NOWHERE, listed
from storage.row_versions import Versions
from storage.tables import METADATA
from storage.unit_of_work import SqlTx, plain_transactions
from vault.crypto.keyring import Keyring
from vault.errors import KeyUnavailableError
from vault.journal.findings import Fault
from vault.services.note_sealing import note_sealing


class Sealed(NamedTuple):
    """What was done.

    Attributes:
        rows: How many rows have their hash now; 0 where they were not good.
        entry: Index of the entry that says so.
    """

    verified: Verified
    rows: int
    entry: int | None


def seal_rows(settings: Settings, *, progress: Callable[[int, int], None]) -> Sealed:
    """Verify everything; if it holds, seal every guarded row, and write the entry.

    Args:
        settings: Of the deployment, which nobody serves.
        progress: Told how many of how many entries were verified.

    Raises:
        OperatorError: The rows are sealed already.
        StorageError: A server has the data open, or they cannot be written.
    """
    with opened_database(settings) as database, plain_transactions(database)() as connection:
        opened = _opened(connection, settings=settings)
        verified = verify_all(opened, progress=progress)
        if {one.fault for one in verified.findings} != {Fault.ROWS_UNSEALED}:
            return Sealed(verified, 0, None)
        rows = _seal(opened)
    with wire(settings) as wired:
        return Sealed(verified, rows, note_sealing(wired.vault).index)


def _opened(connection: Connection, *, settings: Settings) -> Opened:
    tx = SqlTx(connection)
    vault_id, rows = tx.system.vault_id(), tx.system.all()
    if vault_id is None:
        raise EmptyDatabaseError
    keyring = Keyring.open(
        key_provider(settings),
        vault_id=vault_id,
        rows=rows,
        random=os.urandom,
        monotonic=time.monotonic,
    )
    sealed = connection.execute(METADATA.tables[STATE].select().limit(1)).first() is not None
    marked = any(row[-1] is not None for _, row in guarded_rows(connection))
    if sealed or marked or _has_key(keyring, tx):
        raise OperatorError(
            "受保护的行已经封印过。如果密钥不见了，请从备份恢复。",
            "The guarded rows were sealed before. If their key is gone, restore a backup.",
            code=Exit.DATA,
        )
    return Opened(
        settings=settings, connection=connection, tx=tx, keyring=keyring, logs=logs_of(connection)
    )


def _has_key(keyring: Keyring, tx: SqlTx) -> bool:
    try:
        row_macs(keyring, tx.system.all())
    except KeyUnavailableError:
        return False
    return True


def _seal(opened: Opened) -> int:
    key = opened.keyring.new_service_key(NAME)
    opened.tx.system.add(key)
    macs = RowMacs(opened.keyring.service_key(key), vault_id=opened.keyring.vault_id)
    rows = [(table, row[:-1]) for table, row in guarded_rows(opened.connection)]
    for guarded, row in rows:
        table = METADATA.tables[guarded.name]
        this = [table.c[guarded.columns[at]] == row[at] for at in guarded.key]
        sealed = {MAC: macs.of_row(guarded, row)}
        opened.connection.execute(table.update().where(and_(*this)).values(sealed))
    versions = listed(rows)
    entries = {owner: (seq, idx) for owner, seq, idx in counted(opened.connection)}
    for owner in versions.keys() | entries.keys():
        seq, idx = entries.get(owner, (0, NOWHERE))
        state = StateRow(*owner, seq, idx, bytes(versions.get(owner, Versions())))
        values = {**state._asdict(), MAC: macs.of_state(state)}
        opened.connection.execute(METADATA.tables[STATE].insert().values(values))
    return len(rows)
