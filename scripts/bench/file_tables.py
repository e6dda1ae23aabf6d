"""Figures of the file benchmark, each beside what the same place does with plain bytes."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final

from rich.table import Table

from api.consent_page import Text
from scripts.bench.files import MIB, Bench, FileRound, Way
from scripts.screen import both

AT_LEAST: Final = 0.5
STRETCH: Final = 0.7
"""Share of the plain way's speed."""

_MICRO: Final = 1_000_000
_UNITS: Final = {
    False: Text("文件复制与 AES-256-GCM 中较慢者", "slower of file copy and AES-256-GCM"),
    True: Text("同一客户端直接存取", "the same client, plain"),
}
_HEADS: Final = (
    Text("方向", "way"),
    Text("相对速度", "share of speed"),
    Text("最小到最大", "spread"),
    Text("MiB/秒", "MiB/s"),
    Text("单位 MiB/秒", "unit MiB/s"),
    Text("常驻 MiB", "resident MiB"),
)


def plain(found: Sequence[FileRound], bench: Bench) -> dict[str, Any]:
    """Return the figures as JSON values: medians of the rounds.

    ``unit_us`` is what the plain way takes to store one MiB.
    """
    mib = bench.size / MIB
    return {
        "unit_us": round(_MICRO * median(one.plain.up_seconds for one in found) / mib, 1),
        "rows": [
            {
                "name": name,
                "share_of_speed": round(median(shares), 2),
                "mib_per_s": round(mib / median(ours)),
                "unit_mib_per_s": round(mib / median(theirs)),
                "resident_mib": round(_resident(one.sealed for one in found)),
                "unit_resident_mib": round(_resident(one.plain for one in found)),
            }
            for name, shares, ours, theirs in _both_ways(found)
        ],
    }


def table(found: Sequence[FileRound], bench: Bench) -> Table:
    """Return the figures as a table, with the unit that was measured in the same run."""
    mib, count = bench.size / MIB, len(found)
    unit = _UNITS[bench.bucket is not None]
    title = Text(
        f"{mib:.0f} MiB 的封存文件；单位：{unit.zh}；{count} 轮取中位",
        f"a sealed file of {mib:.0f} MiB; unit: {unit.en}; medians of {count} rounds",
    )
    caption = Text(
        f"目标：至少 {AT_LEAST:.0%}，力争 {STRETCH:.0%}（文件夹）",
        f"goal: at least {AT_LEAST:.0%}, stretch {STRETCH:.0%} (folder)",
    )
    shown = Table(title=both(title), title_justify="left", caption=both(caption))
    for head in _HEADS:
        shown.add_column(both(head), justify="left" if head is _HEADS[0] else "right")
    labels = {"up": Text("存入", "up"), "down": Text("取出", "down")}
    for name, shares, ours, theirs in _both_ways(found):
        shown.add_row(
            both(labels[name]),
            f"{median(shares):.0%}",
            f"{min(shares):.0%} - {max(shares):.0%}",
            f"{mib / median(ours):.0f}",
            f"{mib / median(theirs):.0f}",
            f"{_resident(one.sealed for one in found):.0f}",
        )
    return shown


_Row = tuple[str, list[float], list[float], list[float]]


def _both_ways(found: Sequence[FileRound]) -> tuple[_Row, _Row]:
    return (
        (
            "up",
            [one.up for one in found],
            [one.sealed.up_seconds for one in found],
            [one.plain.up_seconds for one in found],
        ),
        (
            "down",
            [one.down for one in found],
            [one.sealed.down_seconds for one in found],
            [one.plain.down_seconds for one in found],
        ),
    )


def _resident(ways: Iterable[Way]) -> float:
    return max(one.resident_bytes for one in ways) / MIB
