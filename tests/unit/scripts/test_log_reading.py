"""Rows of a log as the verifier reads them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from scripts.log_reading import RowsLog
from tests.support.journal_log import MemoryLog
from tests.support.journal_values import AT_MS, entry_numbered
from vault.journal.verify import verify_log

COUNT = 520
"""More than one page of rows, and two full tiles."""


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    made = MemoryLog()
    made.append([(n % 3 or None, entry_numbered(n, at_ms=AT_MS + n)) for n in range(COUNT)])
    return made


@pytest.fixture
def connection(log: MemoryLog) -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        opened.exec_driver_sql(
            "CREATE TABLE log_head (log_id, year, origin, size, root, frontier, note, last_ms)"
        )
        opened.exec_driver_sql(
            "CREATE TABLE journal_entry (log_id, year, idx, entry_id, holder_id, holder_seq,"
            " actor_id, actor_seq, key_version, leaf, leaf_hash, payload, inputs)"
        )
        opened.exec_driver_sql("CREATE TABLE log_tile (log_id, year, level, idx, data)")
        head = log.head()
        opened.exec_driver_sql(
            "INSERT INTO log_head VALUES (0, 2026, ?, ?, ?, ?, ?, ?)",
            (head.origin, head.size, head.root, head.frontier, head.note, head.last_ms),
        )
        opened.exec_driver_sql(
            "INSERT INTO journal_entry VALUES (0, 2026, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            [
                (
                    *(row.index, row.entry_id, row.holder_id, row.holder_seq, row.actor_id),
                    *(row.actor_seq, row.key_version, row.leaf, row.leaf_hash, row.payload),
                )
                for row in log.rows
            ],
        )
        opened.exec_driver_sql(
            "INSERT INTO log_tile VALUES (0, 2026, ?, ?, ?)",
            [(tile.level, tile.index, data) for tile, data in log.kept_tiles.items()],
        )
        yield opened
    engine.dispose()


def test_rows_are_read_as_they_were_written(log: MemoryLog, connection: Connection) -> None:
    read = RowsLog(connection, log_id=0, year=2026)

    assert read.head() == log.head()
    assert list(read.entries(0)) == log.rows
    assert list(read.entries(COUNT - 1)) == log.rows[-1:]
    assert dict(read.tiles()) == log.kept_tiles


def test_a_log_read_from_rows_verifies(log: MemoryLog, connection: Connection) -> None:
    report = verify_log(
        RowsLog(connection, log_id=0, year=2026), verifier=log.verifier, opener=log.open
    )

    assert report.good
    assert (report.entries, report.opened) == (COUNT, COUNT)
