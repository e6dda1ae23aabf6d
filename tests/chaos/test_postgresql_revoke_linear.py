"""After a revocation is acknowledged no pull succeeds in any process (journal.md 2).

Two processes with sixteen pulling threads each, and one revoker: in each round six pulls race
the revocation with a token that was resolved before it, and in each process one is asked for
after the revocation was acknowledged. Commits take longer and shorter by chance
(``commit_delay``), and backends stand still for a moment with whatever locks they hold.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from scripts.local.postgresql import Postgresql
from tests.support.second_process import Line, Said
from tests.support.shared_town import meanwhile, shared_town
from tests.support.town import Granted, Town
from vault.ids import CaseNumber

ROUNDS = int(os.environ.get("CHAOS_SHARED_ROUNDS", "72"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
GROUPS = 4
LINES = 4
"""Of each process, in each group: three that race and one that comes too late."""
LEAST_SHARE = 0.05
LATEST = 0.03
WAIT_SECONDS = 60.0
DELAYS_US = (0, 0, 500, 3000, 20_000)
PAUSES = (0.002, 0.03)

pytestmark = pytest.mark.chaos  # By hand: CHAOS_SHARED_ROUNDS=2000, about five minutes.


@dataclass
class Round:
    """One consent, what came of its pulls, and of its revocation."""

    granted: Granted
    tries: list[Said] = field(default_factory=list)
    revoked: threading.Event = field(default_factory=threading.Event)
    revocation: Said = field(default_factory=lambda: Said(invoked_at=0, answered_at=0))

    @property
    def won_by_pull(self) -> bool:
        """Whether a pull came before the revocation."""
        return any(one.index is not None for one in self.tries)

    @property
    def won_by_revocation(self) -> bool:
        """Whether a pull that raced came after it."""
        raced = [one for one in self.tries if one.invoked_at < self.revocation.answered_at]
        return any(one.index is None for one in raced)

    @property
    def late(self) -> list[Said]:
        """The pulls that were asked for after the acknowledgement."""
        return [one for one in self.tries if one.invoked_at > self.revocation.answered_at]

    @property
    def violations(self) -> list[Said]:
        """Pulls that must not have succeeded: too late, or behind the revocation in the log."""
        index = self.revocation.index
        assert index is not None
        wrong = [one for one in self.late if one.index is not None]
        return wrong + [one for one in self.tries if one.index is not None and one.index > index]


@dataclass
class Group:
    """Threads of both processes over one holder's consents, a round at a time."""

    town: Town
    person: int
    case_no: CaseNumber
    lines: Sequence[Sequence[Line]]
    revoker: "SimpleQueue[Round | None]"
    chance: random.Random
    done: list[Round] = field(default_factory=list)

    def run(self, _over: threading.Event) -> None:
        for _ in range(ROUNDS // GROUPS):
            current = Round(granted=self.town.consent(self.person, self.case_no))
            live = current.granted.live
            racers = [line for lines in self.lines for line in lines[1:]]
            for line in racers:
                line.begin("pull", live, after=self.chance.uniform(0, LATEST))
            self.revoker.put(current)
            assert current.revoked.wait(WAIT_SECONDS)
            late = [lines[0] for lines in self.lines]
            for line in late:
                line.begin("pull", live)
            current.tries += [line.end() for line in (*racers, *late)]
            self.done.append(current)


@dataclass
class Revoker:
    """Takes consents back, in either process."""

    lines: Sequence[Line]
    queue: "SimpleQueue[Round | None]"
    chance: random.Random

    def run(self, _over: threading.Event) -> None:
        while (current := self.queue.get()) is not None:
            after = self.chance.uniform(0, LATEST / 2)
            line = self.chance.choice(self.lines)
            current.revocation = line.ask("revoke", current.granted, after=after)
            current.revoked.set()


@dataclass
class Weather:
    """Makes commits slow by chance, and backends stand still."""

    server: Postgresql
    chance: random.Random
    pauses: int = 0

    def run(self, over: threading.Event) -> None:
        while not over.wait(self.chance.uniform(0.05, 0.2)):
            self.server.set(commit_delay=self.chance.choice(DELAYS_US), commit_siblings=0)
            busy = [one.pid for one in self.server.backends() if one.state != "idle"]
            if busy:
                self.pause(self.chance.choice(busy))

    def pause(self, pid: int) -> None:
        try:
            self.server.pause(pid)
        except ProcessLookupError:
            return
        time.sleep(self.chance.uniform(*PAUSES))
        self.server.resume(pid)
        self.pauses += 1


def test_no_pull_succeeds_in_any_process_after_its_revocation_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = SimpleQueue[Round | None]()
    each = GROUPS * LINES + 1
    started_at = time.monotonic()
    with (
        shared_town(tmp_path) as shared,
        shared.processes(each, each) as processes,
        shared.serving() as town,
    ):
        groups = []
        for person in range(GROUPS):
            town.deposit(person, name="张示例")
            mine = slice(LINES * person, LINES * (person + 1))
            groups.append(
                Group(
                    town=town,
                    person=person,
                    case_no=town.open_case(person).case_no,
                    lines=[process.lines[mine] for process in processes],
                    revoker=queue,
                    chance=random.Random(SEED + person),  # noqa: S311 - a repeatable race
                )
            )
        chance = random.Random(SEED)  # noqa: S311 - a repeatable race
        revoker = Revoker([process.lines[-1] for process in processes], queue, chance)
        weather = Weather(shared.server, random.Random(SEED - 1))  # noqa: S311 - repeatable
        with meanwhile(weather.run, revoker.run):
            try:
                with meanwhile(*(group.run for group in groups)):
                    pass
            finally:
                queue.put(None)
        wrong = shared.wrong()

    rounds = [one for group in groups for one in group.done]
    tries = [said for one in rounds for said in one.tries]
    by_pull = sum(one.won_by_pull for one in rounds)
    by_revocation = sum(one.won_by_revocation for one in rounds)
    late = sum(len(one.late) for one in rounds)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {SEED}: 2 processes, {len(rounds)} rounds, {len(tries)} pulls, {late} asked"
            f" for too late; pulls won {by_pull} rounds, revocations {by_revocation};"
            f" {weather.pauses} pauses, {time.monotonic() - started_at:.0f} s\n"
        )
    assert [one.violations for one in rounds if one.violations] == []
    assert {said.error for said in tries} == {"", "AccessDeniedError"}
    assert (len(rounds), len(tries)) == (ROUNDS, 2 * LINES * ROUNDS)
    assert late >= 2 * ROUNDS
    assert by_pull >= LEAST_SHARE * ROUNDS
    assert by_revocation >= LEAST_SHARE * ROUNDS
    assert wrong == []
