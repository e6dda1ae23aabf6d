"""Lanes: reads of one moment on connections that stay open."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.lanes import Lanes
from storage.sqlite import open_sqlite
from storage.unit_of_work import reader, worker
from tests.support.vault_values import digest
from vault.clients.protocol import Claim
from vault.errors import StorageError

CLAIM = Claim(kind="dpop", key_hash=digest("claim"), expires_at=9)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Database]:
    with open_sqlite(tmp_path / "vault.db", threads=4) as database:
        yield database


def test_a_lane_is_used_again(narrow: Database) -> None:
    lanes = narrow.lanes

    with lanes.reading() as first:
        one = first.cursor().connection
    with lanes.reading() as second:
        other = second.cursor().connection

    assert one is other


def test_a_unit_that_is_over_reads_nothing_more(narrow: Database) -> None:
    with reader(narrow)() as tx:
        pass

    with pytest.raises(RuntimeError, match="over"):
        tx.clients.all()


def test_what_is_read_is_of_one_moment(narrow: Database) -> None:
    with reader(narrow)() as tx:
        before = tx.system.vault_id()
        written = threading.Thread(target=_write, args=(narrow,))
        written.start()
        written.join()
        after = tx.system.vault_id()
    with reader(narrow)() as tx:
        later = tx.system.vault_id()

    assert (before, after, later) == (None, None, b"v" * 16)


def test_a_lane_writes_nothing(narrow: Database) -> None:
    with pytest.raises(StorageError, match="may only read"), reader(narrow)() as tx:
        tx.protocol.claim([CLAIM])

    with reader(narrow)() as tx:
        assert tx.clients.all() == ()


def test_whoever_finds_no_lane_is_told_and_not_kept(narrow: Database) -> None:
    lanes = Lanes(narrow.engine, limit=1, wait_seconds=0.01)

    with lanes.reading(), pytest.raises(StorageError, match="in use"), lanes.reading():
        pass

    lanes.close()


def test_an_error_of_the_caller_leaves_the_lane_usable(narrow: Database) -> None:
    with pytest.raises(LookupError), reader(narrow)():
        raise LookupError

    with reader(narrow)() as tx:
        assert tx.system.vault_id() is None


def _write(database: Database) -> None:
    with worker(database)() as tx:
        tx.system.set_vault_id(b"v" * 16)
