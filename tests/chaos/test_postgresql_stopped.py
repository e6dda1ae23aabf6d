"""A process that stands still while it holds the head of the log (journal.md 2.3).

The server takes the head from it after two seconds, and the others go on. When it goes on too,
its late COMMIT fails and its callers are told that nothing happened. A backend of the server
that stands still cannot be helped: then everybody is refused in time, and nothing is lost.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest

from scripts.local.postgresql import Postgresql
from scripts.local.process import became
from tests.support.second_process import Said, SecondProcess
from tests.support.shared_town import SharedTown, shared_town
from vault.journal.entries import Kind
from vault.journal.operations import DEADLINE_SECONDS

STOPPED_SECONDS = float(os.environ.get("CHAOS_STOPPED_SECONDS", "3.5"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
EACH = 6
PERSON = 3
GIVEN_UP_SECONDS = 2.0
"""After which the server takes the head from who stands still."""
PULLING_SECONDS = 3.0

pytestmark = pytest.mark.chaos


def holders(server: Postgresql) -> list[int]:
    """Return the backends that hold a head and wait for their program."""
    rows = server.admin(
        "SELECT DISTINCT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid"
        " WHERE a.state = 'idle in transaction' AND l.mode = 'RowShareLock'"
        " AND l.relation = 'log_head'::regclass",
        database="vault",
    )
    return [pid for (pid,) in rows]


def stopped_with_the_head(server: Postgresql, process: SecondProcess) -> int:
    """Let ``process`` pull, and stop it where it holds the head; return its backend there."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable
    found = list[int]()

    def caught() -> bool:
        time.sleep(chance.uniform(0, 0.02))
        process.send(SIGSTOP)
        time.sleep(0.005)  # What it had sent has been answered by now.
        found[:] = holders(server)
        if not found:
            process.send(SIGCONT)
        return bool(found)

    assert became(caught, seconds=30), "it was never caught with the head"
    return found[0]


def paused_with_the_head(server: Postgresql, process: SecondProcess) -> int:
    """Let ``process`` pull, and pause its backend where it holds the head; return it."""
    while True:
        backend = stopped_with_the_head(server, process)
        server.pause(backend)
        process.send(SIGCONT)
        if backend in holders(server):  # Else it had a COMMIT still to read.
            return backend
        server.resume(backend)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedTown]:
    with shared_town(tmp_path) as found:
        yield found


def test_others_go_on_after_two_seconds_and_the_late_commit_fails(
    shared: SharedTown, capsys: pytest.CaptureFixture[str]
) -> None:
    with shared.processes(EACH, 1) as (stopped, other), shared.serving() as town:
        town.deposit(PERSON, name="张示例")
        live = town.consent(PERSON, town.open_case(PERSON).case_no).live
        for line in stopped.lines:
            line.begin("pulls", live, PULLING_SECONDS)
        stopped_with_the_head(shared.server, stopped)
        stopped_at = time.monotonic()
        (line,) = other.lines
        first = line.ask("pull", live)
        gone_on_after = time.monotonic() - stopped_at
        second = line.ask("pull", live)
        time.sleep(max(0, STOPPED_SECONDS - (time.monotonic() - stopped_at)))
        stopped.send(SIGCONT)
        told = [said for line in stopped.lines for said in line.end().value]

    failed = [one for one in told if one.error]
    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {SEED}: the other went on after {gone_on_after:.2f} s; of {len(told)} pulls"
            f" of the stopped one {len(failed)} were told that nothing happened\n"
        )
    assert (first.error, second.error) == ("", "")
    assert gone_on_after < GIVEN_UP_SECONDS + 1.5
    assert second.seconds < 1
    assert {one.error for one in failed} == {"JournalUnavailableError"}
    assert released_is_logged(shared, [first, second, *told])


def test_a_backend_that_stands_still_with_the_head_loses_nothing(shared: SharedTown) -> None:
    with shared.processes(EACH, 1) as (holding, other), shared.serving() as town:
        town.deposit(PERSON, name="张示例")
        live = town.consent(PERSON, town.open_case(PERSON).case_no).live
        for line in holding.lines:
            line.begin("pulls", live, PULLING_SECONDS)
        backend = paused_with_the_head(shared.server, holding)
        (line,) = other.lines
        refused = line.ask("pull", live)
        shared.server.resume(backend)
        again = line.ask("pull", live)
        told = [said for line in holding.lines for said in line.end().value]

    assert refused.error == "JournalUnavailableError"
    assert refused.seconds < DEADLINE_SECONDS + 1
    assert again.error == ""
    assert {one.error for one in told} <= {"", "JournalUnavailableError"}
    assert released_is_logged(shared, [again, *told])


def released_is_logged(shared: SharedTown, told: list[Said]) -> bool:
    """Say whether the log holds exactly the pulls that were told to have succeeded."""
    released = [one.index for one in told if not one.error]
    assert len(set(released)) == len(released)
    return (shared.permitted(Kind.PULL), shared.wrong()) == (len(released), [])
