"""What writers were told while they were killed, and what their log is worth against it."""

import base64
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from signal import SIGKILL

from scripts.reading import Opened
from scripts.verifying import verify_all
from tests.support.on_disk import holes
from tests.support.writers import Line
from vault.journal.merkle import Frontier


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
        unavailable: Entries of which a writer was told that they were not written (503).
        unknown: Entries of which it was told that nobody knows (503 ``outcome-unknown``).
    """

    left: Counter[int]
    at: dict[bytes, int] = field(default_factory=dict)
    twice: int = 0
    heads: dict[int, set[bytes]] = field(default_factory=dict)
    unavailable: set[bytes] = field(default_factory=set)
    unknown: set[bytes] = field(default_factory=set)

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
                told = self.unknown if line["open"] else self.unavailable
                told.add(bytes.fromhex(line["entry"]))
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of it.

    Attributes:
        entries: In the log at the end, with those of its founding.
        acknowledged_lost: Of which a writer holds a receipt and the log has nothing there.
        unacknowledged: In the log, and the writer was killed, or told 503 ``outcome-unknown``,
            before it knew.
        twice: Acknowledged more than once.
        unavailable: Told 503, and asked again with another entry; ``unknown`` likewise.
        denied_yet_there: Told that it was not written, and in the log all the same.
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
    unavailable: int
    unknown: int
    denied_yet_there: int
    gaps: list[str]
    holders: int
    receipts_heads: int
    forks: int
    heads: int
    verified: int
    findings: list[str]
    writing_seconds: float
    verifying_seconds: float


def judged(
    found: Opened,
    plan: Plan,
    heard: Heard,
    *,
    ended: Counter[int],
    founding: int,
    writing: float,
) -> Figures:
    """Hold the log against what the writers were told.

    Args:
        found: The deployment, of which nothing runs any more.
        plan: What was to happen.
        heard: What the writers were told.
        ended: How the processes ended.
        founding: Entries that were there before the first of them wrote.
        writing: Seconds that it took.
    """
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
        unavailable=len(heard.unavailable),
        unknown=len(heard.unknown),
        denied_yet_there=sum(entry in there for entry in heard.unavailable),
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
        "denied_yet_there": 0,
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
