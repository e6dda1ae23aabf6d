"""Many writers, killed at random until each has its entries; then the log is judged.

By hand, for one figure a line::

    python -m tests.support.storm --database sqlite --writers 32 --entries 20000 --kills 60
    python -m tests.support.storm --database postgresql --processes 4 \
        --writers 32 --entries 20000 --kills 60

Writers are threads; on PostgreSQL they may be spread over several processes, each of which is
killed by itself while the others write on. All of them write for the same few people.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.founding import found_town, open_vault
from tests.support.on_disk import opened
from tests.support.shared_town import shared_town
from tests.support.storm_figures import Figures, Heard, Plan, judged, told, wrong
from tests.support.storm_writer import HOLDERS, Order
from tests.support.town import Town
from tests.support.writers import Writers, writers

PROGRAM: Final = "tests.support.storm_writer"
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
TICK_SECONDS: Final = 0.01
LONGEST_AIM_SECONDS: Final = 0.05
"""Between the entry that a kill waits for and the kill, so that it strikes anywhere."""
AGAIN_EVERY: Final = 4
"""Every so many a kill, the next one follows while the process is still starting."""
BIRTH_SECONDS: Final = 0.6
STILL_SECONDS: Final = 120.0
"""With nothing heard for so long, something hangs."""

_PROGRESS_SECONDS: Final = 10


class _Process:
    """Some of the writers."""

    def __init__(self, nursery: Writers, share: tuple[int, ...], heard: Heard) -> None:
        self._nursery, self._share, self._heard = nursery, share, heard

    @property
    def busy(self) -> bool:
        """Whether a writer of it still has something to do."""
        return any(self._heard.left[writer] for writer in self._share)

    def begin(self, seed: int) -> None:
        left = {writer: self._heard.left[writer] for writer in self._share}
        busy = {writer: count for writer, count in left.items() if count}
        self._nursery.begin(Order(seed=seed, left=busy).to_line())

    def listen(self, seconds: float) -> int:
        return self._heard.take(self._nursery.listen(seconds))

    def kill(self) -> int:
        """Kill it, and hear all that it had been told."""
        status = self._nursery.kill()
        while self.listen(0):
            pass
        return status


def storm(folder: Path, plan: Plan) -> Figures:
    """Found a deployment in ``folder``, carry ``plan`` out in it, and judge its log."""
    with ExitStack() as stack:
        if plan.database == POSTGRESQL:
            stack.enter_context(shared_town(folder))
        else:
            found_town(folder)
        with open_vault(folder) as vault:
            for person in range(HOLDERS):
                Town(vault).deposit(person, name="示例")
        with opened(folder) as found:
            founding = found.size
        started = time.monotonic()
        heard = Heard(Counter(dict.fromkeys(range(plan.writers), plan.entries)))
        ended = _struck(folder, plan, heard)
        writing = time.monotonic() - started
        with opened(folder) as found:
            return judged(found, plan, heard, ended=ended, founding=founding, writing=writing)


def _struck(folder: Path, plan: Plan, heard: Heard) -> Counter[int]:
    """Let everybody write, and kill, until all is acknowledged; return how they ended."""
    chance, ended = random.Random(plan.seed), Counter[int]()  # noqa: S311 - repeatable
    total = plan.writers * plan.entries
    aims = sorted((chance.randrange(total) for _ in range(plan.kills)), reverse=True)
    lives = 0
    with _processes(folder, plan, heard) as processes:

        def strike(one: _Process, *, after: float) -> None:
            nonlocal lives
            one.listen(after)
            ended[one.kill()] += 1
            lives += 1
            one.begin(plan.seed + lives)

        last_heard = last_said = time.monotonic()
        while any(one.busy for one in processes):
            now = time.monotonic()
            if sum(one.listen(TICK_SECONDS) for one in processes):
                last_heard = now
            elif now - last_heard > STILL_SECONDS:
                raise TimeoutError("nobody has written for a long time")
            if now - last_said > _PROGRESS_SECONDS:
                last_said = now
                sys.stderr.write(f"{len(heard.at)} of {total}, {ended.total()} kills\n")
            if aims and len(heard.at) >= aims[-1]:
                aims.pop()
                victim = chance.choice([one for one in processes if one.busy] or processes)
                strike(victim, after=chance.uniform(0, LONGEST_AIM_SECONDS))
                if aims and lives % AGAIN_EVERY == 0:
                    aims.pop()
                    strike(victim, after=chance.uniform(0, BIRTH_SECONDS))
        for one in processes:
            ended[one.kill()] += 1
    return ended


@contextmanager
def _processes(folder: Path, plan: Plan, heard: Heard) -> Iterator[list[_Process]]:
    with ExitStack() as stack:
        found = [
            _Process(
                stack.enter_context(writers(folder, program=PROGRAM)),
                tuple(range(at, plan.writers, plan.processes)),
                heard,
            )
            for at in range(plan.processes)
        ]
        for one in found:
            one.begin(plan.seed)
        yield found


def main() -> int:
    """Run one storm by hand; 1 if something is wrong."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    for name, usual in (("processes", 1), ("writers", 32), ("entries", 20_000), ("kills", 60)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    asked.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    plan = Plan(**vars(asked.parse_args()))
    if plan.database == SQLITE and plan.processes != 1:
        asked.error("one process serves an SQLite file")
    with tempfile.TemporaryDirectory() as folder:
        figures = storm(Path(folder), plan)
    bad = wrong(figures)
    sys.stdout.write(f"{told(figures)}  wrong: {bad or 'nothing'}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
