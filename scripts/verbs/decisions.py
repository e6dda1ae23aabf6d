"""``decisions``: whether what was decided then comes out again under the policies of its day."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.table import Table

from api.consent_page import Text
from scripts.outcomes import Exit, OperatorError
from scripts.reading import reading
from scripts.replaying import Period, Replayed, replay_decisions
from scripts.screen import DataOption, both, console, entries_bar, facts
from vault.clock import day_starts_ms

DAY_FORM: Final = "%Y-%m-%d"
REPLAYING: Final = Text("重新判定", "deciding again")
SHOWN: Final = 20
"""Differences in the table; the rest is counted."""
FIRST_DAY: Final = date(1970, 1, 2)
LAST_DAY: Final = date(9999, 12, 30)

FromOption = Annotated[
    datetime | None,
    typer.Option("--from", formats=[DAY_FORM], help="第一天（含）· first day", metavar="DAY"),
]
ToOption = Annotated[
    datetime | None,
    typer.Option("--to", formats=[DAY_FORM], help="最后一天（含）· last day", metavar="DAY"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="只输出一行 JSON · nothing but a line of JSON")
]

app: Final = typer.Typer(help="决定 · decisions", no_args_is_help=True)


@app.callback()
def group() -> None:
    """决定 · decisions."""


@app.command()
def replay(
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,  # noqa: FBT002 - a flag of the command line
    data: DataOption = None,
) -> None:
    """按当时的规则重新判定 · decide again what was decided (read-only, beside a server)."""
    period = _period(first, last)
    screen = console(stderr=as_json)
    with reading(data) as opened, entries_bar(screen, REPLAYING) as progress:
        replayed = replay_decisions(opened, period, progress=progress)
    if as_json:
        console().out(json.dumps(_plain(replayed), ensure_ascii=False, sort_keys=True))
    else:
        screen.print(_summary(replayed))
    if not replayed.count:
        if not as_json:
            screen.print("✓ 结果全部相同 · every decision comes out again", style="bold green")
        return
    if not as_json:
        screen.print(_differences(replayed))
        screen.print(
            "✗ 有决定与记录不符。请保留现状，运行 myspace journal verify。", style="bold red"
        )
        screen.print(
            "Some decisions differ from the record. Keep everything as it is, and run: "
            "myspace journal verify",
            style="red",
            soft_wrap=True,
        )
    raise typer.Exit(Exit.DATA)


def _period(first: datetime | None, last: datetime | None) -> Period:
    starts = FIRST_DAY if first is None else first.date()
    ends = LAST_DAY if last is None else last.date()
    if ends < starts or starts < FIRST_DAY or ends > LAST_DAY:
        raise OperatorError(
            "最后一天在第一天之前，或不在日历之内。请改正 --from 和 --to。",
            "The last day is before the first, or beyond the calendar. Correct --from and --to.",
            code=Exit.USAGE,
        )
    return Period(starts_ms=day_starts_ms(starts), ends_ms=day_starts_ms(ends + timedelta(days=1)))


def _plain(replayed: Replayed) -> dict[str, object]:
    return {
        "entries": replayed.entries,
        "content_deleted": replayed.gone,
        "decisions": replayed.decisions,
        "by_kind": dict(sorted(replayed.by_kind.items())),
        "differences": replayed.count,
        "found": [asdict(one) for one in replayed.differences],
    }


def _summary(replayed: Replayed) -> Table:
    kinds = [
        (Text(f"  {kind}", f"  {kind}"), str(count))
        for kind, count in sorted(replayed.by_kind.items())
        if count
    ]
    return facts(
        Text("决定重新判定", "decisions decided again"),
        [
            (Text("期间的条目", "entries in the period"), str(replayed.entries)),
            (Text("内容已到期删除", "content deleted when due"), str(replayed.gone)),
            (Text("重新判定", "decided again"), str(replayed.decisions)),
            *kinds,
            (Text("不同之处", "differences"), str(replayed.count)),
        ],
    )


def _differences(replayed: Replayed) -> Table:
    table = Table(title=both(Text("不同之处", "differences")), title_justify="left")
    heads = (
        Text("日志", "log"),
        Text("位置", "index"),
        Text("种类", "kind"),
        Text("什么", "fault"),
        Text("不同", "what differs"),
    )
    for head in heads:
        table.add_column(both(head), overflow="fold")
    for one in replayed.differences[:SHOWN]:
        table.add_row(one.origin, str(one.index), one.kind, one.fault.value, one.what)
    return table
