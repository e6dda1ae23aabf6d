"""Many writers, killed at random until each has its entries; then the log is judged.

By hand, for one figure a line::

    python -m tests.support.storm --database sqlite --writers 32 --entries 20000 --kills 60
    python -m tests.support.storm --database postgresql --processes 4 \
        --writers 32 --entries 20000 --kills 60

Writers are threads; on PostgreSQL they may be spread over several processes, each of which is
killed by itself while the others write on. All of them write for the same few people.
"""

import argparse
import base64
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Final

from scripts.reading import Opened
from scripts.verifying import verify_all
from tests.support.founding import found_town, open_vault
from tests.support.on_disk import holes, opened
from tests.support.shared_town import shared_town
from tests.support.storm_writer import HOLDERS, Order
from tests.support.town import Town
from tests.support.writers import Line, Writers, writers
from vault.journal.merkle import Frontier

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, and how bad.

    Attributes:
        entries: That each writer is to be acknowledged.
        kills: Beside those at the end, by which every process ends.
    """

    database: str
    processes: int
    writers: int
    entries: int
    kills: int
    seed: int


@dataclass(slots=True)
class Heard:
    """What all processes were told, over all their lives.

    Attributes:
        left: Entries that each writer still has to be acknowledged.
        at: The index that was acknowledged for an entry.
        heads: The root, or roots, that receipts named for a size of the log.
        unavailable: How often a writer was told 503, by the error, and asked again.
    """

    left: Counter[int]
    at: dict[bytes, int] = field(default_factory=dict)
    twice: int = 0
    heads: dict[int, set[bytes]] = field(default_factory=dict)
    unavailable: Counter[str] = field(default_factory=Counter)

    def take(self, lines: Iterable[Line]) -> int:
        """Take down what was told; return how many lines it was."""
        count = 0
        for line in lines:
            count += 1
            if line["kind"] == "entry":
                entry = bytes.fromhex(line["entry"])
                self.twice += entry in self.at
                self.at[entry] = line["index"]
                self.left[line["writer"]] -= 1
                root = base64.b64decode(line["root"])
                self.heads.setdefault(line["size"], set()).add(root)
            elif line["kind"] == "unavailable":
                self.unavailable[line["error"]] += 1
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of it.

    Attributes:
        entries: In the log at the end, with those of its founding.
        acknowledged_lost: Of which a writer holds a receipt and the log has nothing there.
        unacknowledged: In the log, and the writer was killed, or told 503, before it knew.
        twice: Acknowledged more than once.
        gaps: Sequences (log, holder, actor, head) with a hole or a repeat.
        forks: Heads in receipts that are not a beginning of the log as it is now.
        receipts_heads: Heads that were compared for that.
        heads: Rows of heads.
        findings: Of ``journal verify``.
        ended: How the processes ended that were killed, and how often.
    """

    plan: Plan
    kills: int
    ended: dict[int, int]
    entries: int
    founding: int
    acknowledged: int
    acknowledged_lost: int
    unacknowledged: int
    twice: int
    unavailable: dict[str, int]
    gaps: list[str]
    holders: int
    receipts_heads: int
    forks: int
    heads: int
    verified: int
    findings: list[str]
    writing_seconds: float
    verifying_seconds: float


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
            return _judged(found, plan, heard, ended=ended, founding=founding, writing=writing)


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

        last_heard = told = time.monotonic()
        while any(one.busy for one in processes):
            now = time.monotonic()
            if sum(one.listen(TICK_SECONDS) for one in processes):
                last_heard = now
            elif now - last_heard > STILL_SECONDS:
                raise TimeoutError("nobody has written for a long time")
            if now - told > _PROGRESS_SECONDS:
                told = now
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


def _judged(
    found: Opened,
    plan: Plan,
    heard: Heard,
    *,
    ended: Counter[int],
    founding: int,
    writing: float,
) -> Figures:
    started = time.monotonic()
    verified = verify_all(found, progress=lambda _done, _size: None)
    rows = found.connection.exec_driver_sql(
        "SELECT idx, entry_id, leaf_hash FROM journal_entry ORDER BY log_id, idx"
    ).fetchall()
    there = {bytes(entry_id): index for index, entry_id, _leaf in rows}
    (heads,) = found.connection.exec_driver_sql("SELECT count(*) FROM log_head").one()
    (holders,) = found.connection.exec_driver_sql(
        "SELECT count(DISTINCT holder_id) FROM journal_entry"
    ).one()
    lost = sum(there.get(entry) != index for entry, index in heard.at.items())
    return Figures(
        plan=plan,
        kills=ended.total(),
        ended=dict(ended),
        entries=len(rows),
        founding=founding,
        acknowledged=len(heard.at),
        acknowledged_lost=lost,
        unacknowledged=len(rows) - founding - (len(heard.at) - lost),
        twice=heard.twice,
        unavailable=dict(heard.unavailable),
        gaps=holes(found),
        holders=holders,
        receipts_heads=sum(map(len, heard.heads.values())),
        forks=forks((bytes(leaf) for _index, _entry, leaf in rows), heard.heads),
        heads=heads,
        verified=verified.opened,
        findings=[str(one) for one in verified.findings],
        writing_seconds=round(writing, 1),
        verifying_seconds=round(time.monotonic() - started, 1),
    )


def forks(leaf_hashes: Iterable[bytes], heads: dict[int, set[bytes]]) -> int:
    """Count the heads, by size, that the log with these leaves has never had."""
    frontier, known = Frontier(), 0
    for leaf in leaf_hashes:
        frontier = frontier.extend([leaf])
        if frontier.size in heads:
            known += frontier.root() in heads[frontier.size]
    return sum(map(len, heads.values())) - known


def wrong(figures: Figures) -> dict[str, object]:
    """Return the figures that are not as they have to be; none if nothing is wrong."""
    plan = figures.plan
    expected: dict[str, object] = {
        "ended": {-SIGKILL: plan.kills + plan.processes},
        "acknowledged": plan.writers * plan.entries,
        "acknowledged_lost": 0,
        "twice": 0,
        "gaps": [],
        "forks": 0,
        "heads": 1,
        "verified": figures.entries,
        "findings": [],
    }
    found = asdict(figures)
    return {name: found[name] for name, value in expected.items() if found[name] != value}


def told(figures: Figures) -> str:
    """Return the figures for people, one a line."""
    lines = [f"  {name}: {value}" for name, value in asdict(figures).items()]
    rate = figures.acknowledged / figures.writing_seconds
    return "\n".join([*lines, f"  acknowledged a second: {rate:.0f}", ""])


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
