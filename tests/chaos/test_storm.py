"""Many writers with random kills: nothing acknowledged is lost, no gap, one head, no fork.

Here a sample on both databases, on PostgreSQL with four processes that are killed one at a time
while the others write on; the long form is run by hand (``tests.support.storm``).
"""

import base64
import os
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.support.founding import found_town
from tests.support.on_disk import opened
from tests.support.storm import POSTGRESQL, SQLITE, storm
from tests.support.storm_figures import Heard, Plan, forks, judged, told, wrong
from vault.journal.merkle import Frontier, leaf_hash

SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
LEAVES = [leaf_hash(bytes([number])) for number in range(10)]


@pytest.mark.chaos
@pytest.mark.parametrize(("database", "processes"), [(SQLITE, 1), (POSTGRESQL, 4)])
def test_many_writers_that_are_killed_leave_one_log_without_gap_or_fork(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: str, processes: int
) -> None:
    plan = Plan(database=database, processes=processes, writers=32, entries=60, kills=6, seed=SEED)

    figures = storm(tmp_path, plan)

    with capsys.disabled():
        sys.stdout.write(f"\n{told(figures)}")
    assert wrong(figures) == {}
    assert figures.holders > 1
    assert figures.receipts_heads > plan.kills


def test_a_head_that_the_log_never_had_is_a_fork() -> None:
    heads = {size: {Frontier().extend(LEAVES[:size]).root()} for size in (1, 4, 10)}
    other = Frontier().extend(LEAVES[3::-1]).root()

    assert forks(LEAVES, heads) == 0
    assert forks(LEAVES, heads | {4: {other}}) == 1
    assert forks(LEAVES, heads | {4: heads[4] | {other}}) == 1
    assert forks(LEAVES[:9], heads) == 1


@pytest.fixture
def town(tmp_path: Path) -> Path:
    found_town(tmp_path)
    return tmp_path


def test_a_log_is_good_if_it_is_what_its_writers_were_told(town: Path) -> None:
    assert found_wrong(town, heard(town)) == {}


def test_what_was_acknowledged_and_is_not_there_is_lost(town: Path) -> None:
    told_more, told_elsewhere = heard(town), heard(town)
    told_more.at[bytes(16)] = 1
    first, second, *_ = told_elsewhere.at
    told_elsewhere.at[first], told_elsewhere.at[second] = 1, 0

    assert found_wrong(town, told_more) == {"acknowledged_lost": 1}
    assert found_wrong(town, told_elsewhere) == {"acknowledged_lost": 2}


def test_what_was_said_not_to_be_written_and_is_there_is_found(town: Path) -> None:
    denied, doubtful = heard(town), heard(town)
    denied.unavailable.add(denied.at.popitem()[0])
    doubtful.unknown.add(doubtful.at.popitem()[0])

    assert found_wrong(town, denied) == {"denied_yet_there": 1}
    assert found_wrong(town, doubtful) == {}


def test_a_receipt_told_twice_or_over_another_tree_is_found(town: Path) -> None:
    twice = heard(town)
    index, entry = 0, next(iter(twice.at))
    line = {"kind": "entry", "writer": 0, "index": index, "entry": entry.hex(), "size": 1}

    twice.take([line | {"root": base64.b64encode(bytes(32)).decode()}])

    assert found_wrong(town, twice) == {"twice": 1, "forks": 1}


def test_an_entry_that_was_taken_out_leaves_a_gap(town: Path) -> None:
    known = heard(town)
    with closing(sqlite3.connect(town / "data" / "vault.db")) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM journal_entry WHERE idx = 1")
        database.commit()

    found = found_wrong(town, known)

    assert {"acknowledged_lost", "gaps", "findings"} <= found.keys()
    assert found["acknowledged_lost"] == 1


def test_a_process_that_ended_by_itself_is_told(town: Path) -> None:
    assert found_wrong(town, heard(town), ended=1) == {"ended": {1: 1}}


def heard(town: Path) -> Heard:
    """Return that all entries of a log were acknowledged where they are."""
    with opened(town) as found:
        rows = found.connection.exec_driver_sql(
            "SELECT entry_id, idx FROM journal_entry ORDER BY idx"
        ).fetchall()
    return Heard(Counter(), at={bytes(entry_id): index for entry_id, index in rows})


def found_wrong(town: Path, heard: Heard, *, ended: int = -SIGKILL) -> dict[str, object]:
    """Judge a log whose entries one process was told of; it was killed once, at the end."""
    plan = Plan(database=SQLITE, processes=1, writers=1, entries=len(heard.at), kills=0, seed=SEED)
    with opened(town) as found:
        figures = judged(found, plan, heard, ended=Counter({ended: 1}), founding=0, writing=1.0)
    return wrong(figures)
