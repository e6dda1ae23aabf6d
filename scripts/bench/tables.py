"""Figures of a benchmark, each with its unit beside it: as a table, and as JSON."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from rich.table import Table

from api.consent_page import Text
from scripts.bench.rounds import Load, Round
from scripts.screen import both

AT_MOST: Final = 6
STRETCH: Final = 4
"""Bare requests that a pull may cost."""

KIB: Final = 1024

BARE: Final = Text("空的 FastAPI 接口", "bare FastAPI endpoint")
TOKEN_ROWS: Final = {
    "par": Text("推送授权请求", "pushed request"),
    "code": Text("用授权码换令牌", "code redeemed"),
    "refresh": Text("刷新令牌", "token refreshed"),
    "introspect": Text("内省", "introspection"),
}

_HEADS: Final = (
    Text("请求", "request"),
    Text("空请求", "bare requests"),
    Text("最小到最大", "spread"),
    Text("CPU 微秒", "CPU µs"),
    Text("数据库 CPU 微秒", "database's CPU µs"),
    Text("每秒", "per second"),
    Text("中位毫秒", "p50 ms"),
    Text("99% 毫秒", "p99 ms"),
)


def plain(bares: Sequence[Round], **rows: Sequence[Round]) -> dict[str, Any]:
    """Return the figures as JSON values: medians of the rounds, each row under its name."""
    return {
        "unit_us": round(_unit_us(bares), 1),
        "rows": [
            _row("bare", bares, ratios=[1.0]),
            *(_row(name, one, ratios=ratios(bares, one)) for name, one in rows.items()),
        ],
    }


def token_table(
    bares: Sequence[Round], rows: Mapping[str, Sequence[Round]], *, connections: int
) -> Table:
    """Return the figures of the token endpoints as a table, with the unit of the same run."""
    unit, count = round(_unit_us(bares)), len(bares)
    title = Text(
        f"令牌端点：1 个空请求 = {unit} 微秒 CPU；{connections} 个连接，{count} 轮取中位",
        f"token endpoints: 1 bare request = {unit} µs of CPU; {connections} connections, "
        f"medians of {count} rounds",
    )
    caption = Text(
        "目标：内省至多 4，换取授权码至多 12；每个请求都有自己的断言，令牌请求还有自己的证明",
        "goal: introspection at most 4, redemption at most 12; each request has an assertion of "
        "its own, token requests a proof too",
    )
    shown = _empty(title, caption)
    _add(shown, BARE, bares, shares=[1.0])
    for name, one in rows.items():
        _add(shown, TOKEN_ROWS[name], one, shares=ratios(bares, one))
    return shown


def table(bares: Sequence[Round], pulls: Sequence[Round], *, load: Load) -> Table:
    """Return the figures as a table, with the unit that was measured in the same run."""
    unit, connections, count = round(_unit_us(bares)), load.connections, len(pulls)
    title = Text(
        f"一次完整调取：1 个空请求 = {unit} 微秒 CPU；{connections} 个连接，{count} 轮取中位",
        f"one full pull: 1 bare request = {unit} µs of CPU; {connections} connections, "
        f"medians of {count} rounds",
    )
    caption = Text(
        f"目标：至多 {AT_MOST}，力争 {STRETCH}；每次调取都写入日志并附回执",
        f"goal: at most {AT_MOST}, stretch {STRETCH}; every pull was journalled and has its "
        "receipt",
    )
    shown = _empty(title, caption)
    size = f"{load.fixture.record_bytes / KIB:.1f} KiB"
    _add(shown, BARE, bares, shares=[1.0])
    _add(
        shown,
        Text(f"完整调取，封存记录 {size}", f"full pull, sealed record of {size}"),
        pulls,
        shares=ratios(bares, pulls),
    )
    return shown


def ratios(bares: Sequence[Round], pulls: Sequence[Round]) -> list[float]:
    """Return for each round how many bare requests of that round a pull cost."""
    return [one.cpu_us / unit.cpu_us for unit, one in zip(bares, pulls, strict=True)]


def _empty(title: Text, caption: Text) -> Table:
    shown = Table(title=both(title), title_justify="left", caption=both(caption))
    for head in _HEADS:
        left = head is _HEADS[0]
        shown.add_column(both(head), justify="left" if left else "right", overflow="fold")
    return shown


def _unit_us(bares: Sequence[Round]) -> float:
    return median(one.cpu_us for one in bares)


def _row(name: str, rounds: Sequence[Round], *, ratios: Sequence[float]) -> dict[str, Any]:
    return {
        "name": name,
        "bare_requests": round(median(ratios), 2),
        "database_us": round(median(one.database_us for one in rounds), 1),
        "rps": round(median(one.rate for one in rounds)),
        "p50_ms": round(median(one.p50_ms for one in rounds), 2),
        "p99_ms": round(median(one.p99_ms for one in rounds), 2),
    }


def _add(shown: Table, name: Text, rounds: Sequence[Round], *, shares: Sequence[float]) -> None:
    shown.add_row(
        both(name),
        f"{median(shares):.2f}",
        f"{min(shares):.2f} - {max(shares):.2f}",
        f"{median(one.cpu_us for one in rounds):.0f}",
        f"{median(one.database_us for one in rounds):.0f}",
        f"{median(one.rate for one in rounds):,.0f}",
        f"{median(one.p50_ms for one in rounds):.2f}",
        f"{median(one.p99_ms for one in rounds):.2f}",
    )
