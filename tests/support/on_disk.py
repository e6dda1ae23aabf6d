"""What a deployment has on its disk, read beside or without its process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.databases import opened_to_read
from api.deployment import key_provider
from scripts.log_reading import Openings, RowsLog
from scripts.reading import LogName, Opened
from storage.database import MODE, READS
from storage.unit_of_work import SqlTx
from tests.support.founding import settings_of
from vault.crypto.keyring import Keyring
from vault.journal.entries import Entry

_HOLES = {
    "log": "SELECT count(*), max(idx) + 1, min(idx) FROM journal_entry GROUP BY log_id",
    "holder": "SELECT count(DISTINCT holder_seq), max(holder_seq) + 1, min(holder_seq)"
    " FROM journal_entry WHERE holder_id IS NOT NULL GROUP BY log_id, holder_id",
    "actor": "SELECT count(DISTINCT actor_seq), max(actor_seq) + 1, min(actor_seq)"
    " FROM journal_entry GROUP BY log_id, actor_id",
}


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """Open what is on the disk of a deployment, to read; all of one moment."""
    settings = settings_of(folder)
    with (
        opened_to_read(settings) as database,
        database.engine.execution_options(**{MODE: READS}).connect() as connection,
        connection.begin(),
    ):
        tx = SqlTx(connection)
        vault_id = tx.system.vault_id()
        assert vault_id is not None
        heads = connection.exec_driver_sql(
            "SELECT log_id, year, origin, size, last_ms FROM log_head"
        )
        yield Opened(
            settings=settings,
            connection=connection,
            tx=tx,
            keyring=Keyring.open(
                key_provider(settings),
                vault_id=vault_id,
                rows=tx.system.all(),
                random=os.urandom,
                monotonic=time.monotonic,
            ),
            logs=tuple(LogName(*row) for row in heads),
        )


def holes(found: Opened) -> list[str]:
    """Return the sequences that have a hole or a repeat, and the head if it does not fit."""
    wrong = [
        name
        for name, query in _HOLES.items()
        for count, end, start in found.connection.exec_driver_sql(query)
        if count != end or start != 0
    ]
    total = found.connection.exec_driver_sql("SELECT count(*) FROM journal_entry").scalar_one()
    return wrong if total == found.size else [*wrong, "head"]


def missing_files(found: Opened) -> list[str]:
    """Return the objects that a version names and that are not there in their length."""
    paths = [path for path in found.settings.data.rglob("*") if path.is_file()]
    sizes = {path.name: path.stat().st_size for path in paths}
    rows = found.connection.exec_driver_sql("SELECT object_key, length FROM record_file")
    return [name for name, length in rows if sizes.get(name) != length]


def entries(found: Opened) -> dict[str, Entry]:
    """Open every entry of the log; by the hexadecimal digits of its id."""
    (log,) = found.logs
    opener = Openings(found.tx, keyring=found.keyring, log_id=log.log_id)
    rows = RowsLog(found.connection, log_id=log.log_id, year=log.year).entries(0)
    return {stored.entry_id.hex(): opener(stored) for stored in rows}
