"""Figures of the journal benchmark, each beside the plain INSERT and COMMIT of the same run."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from rich.table import Table

from api.consent_page import Text
from scripts.bench.journal import WAITING, JournalRound, Read
from scripts.screen import both

AT_LEAST: Final = 10
"""Times the plain rate, at ``GOAL_WAITING`` waiting threads."""
GOAL_WAITING: Final = 64
VERIFIED: Final = 200_000
"""Leaves a second."""

_MICRO: Final = 1_000_000
_HEADS: Final = (
    Text("什么", "what"),
    Text("每秒条目", "entries/s"),
    Text("逐条提交", "plain/s"),
    Text("倍数", "times plain"),
    Text("p50 毫秒", "p50 ms"),
    Text("p99 毫秒", "p99 ms"),
)


def plain(rounds: Sequence[JournalRound], read: Read) -> dict[str, Any]:
    """Return the figures as JSON values: medians of the rounds.

    ``unit_us`` is what a plain row takes where nobody else waits. Appending is compared with as
    many threads that write plainly; reading, which nothing plain answers, with that unit.
    """
    unit = median(one.plain[1].rate for one in rounds)
    return {
        "unit_us": round(_MICRO / unit, 1),
        "flush_us": round(read.flush_us, 1),
        "bytes_per_entry": round(read.bytes_per_entry),
        "entries": read.entries,
        "rows": [
            *(_row(waiting, rounds) for waiting in WAITING),
            _reading("verify", read.verify_rate, unit=unit),
            _reading("scan", read.scan_rate, unit=unit),
        ],
    }


def table(rounds: Sequence[JournalRound], read: Read) -> Table:
    """Return the figures as a table."""
    found = plain(rounds, read)
    title = Text(
        f"日志写入，旁边是逐条 INSERT 和 COMMIT；每条 {found['bytes_per_entry']} 字节；"
        f"磁盘落盘一次 {found['flush_us']} 微秒；{len(rounds)} 轮取中位",
        f"appending to the journal, beside an INSERT and COMMIT for each; "
        f"{found['bytes_per_entry']} bytes an entry; the disk flushes in {found['flush_us']} µs; "
        f"medians of {len(rounds)} rounds",
    )
    caption = Text(
        f"目标：{GOAL_WAITING} 个等待者时至少 {AT_LEAST} 倍；核验每秒至少 {VERIFIED:,}",
        f"goal: at least {AT_LEAST} times with {GOAL_WAITING} waiting; "
        f"at least {VERIFIED:,} verified a second",
    )
    shown = Table(title=both(title), title_justify="left", caption=both(caption))
    for head in _HEADS:
        shown.add_column(both(head), justify="left" if head is _HEADS[0] else "right")
    for row in found["rows"]:
        cells = ("entries_per_s", "plain_per_s", "speedup_over_plain", "p50_ms", "p99_ms")
        shown.add_row(both(_label(row)), *(_cell(row.get(name)) for name in cells))
    return shown


def _row(waiting: int, rounds: Sequence[JournalRound]) -> dict[str, Any]:
    ours = [one.ours[waiting] for one in rounds]
    plain = [one.plain[waiting] for one in rounds]
    times = [mine.rate / theirs.rate for mine, theirs in zip(ours, plain, strict=True)]
    return {
        "name": f"append_{waiting}",
        "waiting": waiting,
        "entries_per_s": round(median(one.rate for one in ours)),
        "plain_per_s": round(median(one.rate for one in plain)),
        "speedup_over_plain": round(median(times), 2),
        "p50_ms": round(median(one.p50_ms for one in ours), 2),
        "p99_ms": round(median(one.p99_ms for one in ours), 2),
        "plain_p99_ms": round(median(one.p99_ms for one in plain), 2),
    }


def _reading(name: str, rate: float, *, unit: float) -> dict[str, Any]:
    return {
        "name": name,
        "entries_per_s": round(rate),
        "speedup_over_plain": round(rate / unit, 1),
    }


def _label(row: dict[str, Any]) -> Text:
    if "waiting" in row:
        return Text(f"写入，{row['waiting']} 个等待", f"append, {row['waiting']} waiting")
    return {
        "verify": Text("核验整个镜像", "verify a whole mirror"),
        "scan": Text("按标签查找", "scan for tags"),
    }[row["name"]]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,}"
