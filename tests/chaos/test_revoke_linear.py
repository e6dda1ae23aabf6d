"""After a revocation is acknowledged no pull succeeds, however many race it (journal.md 2).

Four times eight threads and one revoker: in each round seven pulls race the revocation with a
token that was resolved before it, and one is asked for after the revocation was acknowledged.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.support.founding import found_town, open_vault
from tests.support.town import Granted, Town
from vault.errors import AccessDeniedError
from vault.ids import CaseNumber

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "2000"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
GROUPS = 4
RACERS = 7
LEAST_SHARE = 0.05
WAIT_SECONDS = 60.0

pytestmark = pytest.mark.chaos


@dataclass
class Try:
    """One pull: when it was asked for, and at which index it succeeded, if it did."""

    invoked_at: int
    index: int | None


@dataclass
class Round:
    """One consent, its pulls and its revocation; times on one monotonic clock."""

    granted: Granted
    tries: list[Try] = field(default_factory=list)
    revoked: threading.Event = field(default_factory=threading.Event)
    acknowledged_at: int = 0
    index: int = 0

    @property
    def won_by_pull(self) -> bool:
        """Whether a pull came before the revocation."""
        return any(one.index is not None for one in self.tries)

    @property
    def won_by_revocation(self) -> bool:
        """Whether a pull that raced came after it."""
        raced = [one for one in self.tries if one.invoked_at < self.acknowledged_at]
        return any(one.index is None for one in raced)

    @property
    def late(self) -> list[Try]:
        """The pulls that were asked for after the acknowledgement."""
        return [one for one in self.tries if one.invoked_at > self.acknowledged_at]

    @property
    def violations(self) -> list[Try]:
        """Pulls that must not have succeeded: too late, or behind the revocation in the log."""
        wrong = [one for one in self.late if one.index is not None]
        behind = [one for one in self.tries if one.index is not None and one.index > self.index]
        return wrong + behind


@dataclass
class Group:
    """Eight threads over one holder's consents, a round at a time."""

    town: Town
    person: int
    case_no: CaseNumber
    revoker: "SimpleQueue[Round | None]"
    rounds: int
    chance: random.Random
    done: list[Round] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.barrier = threading.Barrier(RACERS + 1, action=self.begin)
        self.end = threading.Barrier(RACERS + 1)
        self.delays = [0.0] * RACERS

    def begin(self) -> None:
        """Give the consent of the next round and hand it to the revoker."""
        granted = self.town.consent(self.person, self.case_no)
        self.delays = [self.chance.uniform(0, 0.02) for _ in range(RACERS)]
        current = Round(granted=granted)
        self.done.append(current)
        self.revoker.put(current)

    def threads(self) -> list[threading.Thread]:
        """Return the threads of this group, not yet started."""
        acts: list[Callable[[], None]] = [self.late]
        acts += [lambda racer=racer: self.race(racer) for racer in range(RACERS)]  # type: ignore[misc]  # bound early
        return [threading.Thread(target=self.run, args=(act,), daemon=True) for act in acts]

    def run(self, act: Callable[[], None]) -> None:
        try:
            for _ in range(self.rounds):
                self.barrier.wait(WAIT_SECONDS)
                act()
                self.end.wait(WAIT_SECONDS)
        except BaseException as error:  # noqa: BLE001 - told by the test, not by a thread
            self.failures.append(error)
            self.barrier.abort()
            self.end.abort()

    def race(self, racer: int) -> None:
        time.sleep(self.delays[racer])
        self.pull(self.done[-1])

    def late(self) -> None:
        current = self.done[-1]
        assert current.revoked.wait(WAIT_SECONDS)
        if len(self.done) % 2:
            assert self.town.live(current.granted.live.token.token_hash) is None
        self.pull(current)

    def pull(self, current: Round) -> None:
        invoked_at = time.monotonic_ns()
        try:
            release = self.town.pull(current.granted.live)
        except AccessDeniedError as refusal:
            assert refusal.reasons == ("consent-closed",)  # noqa: PT017 - told with its thread
            current.tries.append(Try(invoked_at, None))
        else:
            current.tries.append(Try(invoked_at, release.proof.receipt.index))


def revoke_all(town: Town, queue: "SimpleQueue[Round | None]", chance: random.Random) -> None:
    while (current := queue.get()) is not None:
        time.sleep(chance.uniform(0, 0.01))
        receipt = town.revoke(current.granted)
        current.acknowledged_at = time.monotonic_ns()
        current.index = receipt.index
        current.revoked.set()


def test_no_pull_succeeds_after_its_revocation_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found_town(tmp_path)
    with open_vault(tmp_path) as vault:
        town, queue = Town(vault), SimpleQueue[Round | None]()
        groups = []
        for person in range(GROUPS):
            town.deposit(person, name="张示例")
            groups.append(
                Group(
                    town=town,
                    person=person,
                    case_no=town.open_case(person).case_no,
                    revoker=queue,
                    rounds=ROUNDS // GROUPS,
                    chance=random.Random(SEED + person),  # noqa: S311 - a repeatable race
                )
            )
        revoker = threading.Thread(
            target=revoke_all,
            args=(town, queue, random.Random(SEED)),  # noqa: S311 - a repeatable race
            daemon=True,
        )
        pullers = [thread for group in groups for thread in group.threads()]
        for thread in (revoker, *pullers):
            thread.start()
        for thread in pullers:
            thread.join()
        queue.put(None)
        revoker.join(WAIT_SECONDS)

    failures = [error for group in groups for error in group.failures]
    rounds = [one for group in groups for one in group.done]
    by_pull = sum(one.won_by_pull for one in rounds)
    by_revocation = sum(one.won_by_revocation for one in rounds)
    tries = sum(len(one.tries) for one in rounds)
    late = sum(len(one.late) for one in rounds)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  seed {SEED}: {len(pullers)} threads, {len(rounds)} rounds, {tries} pulls,"
            f" {late} asked for too late; pulls won {by_pull} rounds,"
            f" revocations {by_revocation}\n"
        )
    assert failures == []
    assert (len(pullers), len(rounds), tries) == (32, ROUNDS, ROUNDS * (RACERS + 1))
    assert [one.violations for one in rounds if one.violations] == []
    assert late >= ROUNDS
    assert by_pull >= LEAST_SHARE * ROUNDS
    assert by_revocation >= LEAST_SHARE * ROUNDS
