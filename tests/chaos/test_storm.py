"""Many writers with random kills: nothing acknowledged is lost, no gap, one head, no fork.

Here a sample on both databases, on PostgreSQL with four processes that are killed one at a time
while the others write on; the long form is run by hand (``tests.support.storm``).
"""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.support.storm import POSTGRESQL, SQLITE, Plan, forks, storm, told, wrong
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
