"""``journal verify``: proves that what is stored is exactly what was signed, beside a server."""

from typing import Final

import typer
from rich.table import Table

from api.consent_page import Text
from scripts.outcomes import Exit
from scripts.places import existing_settings, places
from scripts.reading import reading
from scripts.screen import DataOption, both, console, entries_bar, facts
from scripts.sealing_rows import seal_rows
from scripts.verifying import Verified, verify_all

VERIFYING: Final = Text("核验", "verifying")
SHOWN: Final = 20
"""Faults in the table; the rest is counted."""

app: Final = typer.Typer(help="日志 · journal", no_args_is_help=True)


@app.callback()
def group() -> None:
    """日志 · journal."""


@app.command()
def verify(data: DataOption = None) -> None:
    """核验整个日志 · verify the whole journal (read-only, beside a running server)."""
    screen = console()
    with reading(data) as opened, entries_bar(screen, VERIFYING) as progress:
        verified = verify_all(opened, progress=progress)
    screen.print(_summary(verified))
    if verified.good:
        screen.print("✓ 日志完整，全部相符 · the journal holds", style="bold green")
        return
    screen.print(_faults(verified))
    screen.print(
        "✗ 日志不相符。请停止服务，保留现状，从备份恢复。", style="bold red", soft_wrap=True
    )
    screen.print(
        "The journal does not hold. Stop the server, keep everything as it is, and restore a "
        "backup.",
        style="red",
        soft_wrap=True,
    )
    raise typer.Exit(Exit.DATA)


@app.command("seal")
def seal(data: DataOption = None) -> None:
    """封印旧版本写下的行 · seal rows that an older release wrote (once; stop the server first)."""
    screen = console()
    settings = existing_settings(places(data))
    with entries_bar(screen, VERIFYING) as progress:
        sealed = seal_rows(settings, progress=progress)
    screen.print(_summary(sealed.verified))
    if sealed.entry is None:
        screen.print(_faults(sealed.verified))
        screen.print("✗ 未封印：日志与数据不相符。", style="bold red", soft_wrap=True)
        screen.print("Nothing was sealed: the journal does not hold.", style="red", soft_wrap=True)
        raise typer.Exit(Exit.DATA)
    screen.print(
        f"✓ 已封印 {sealed.rows} 行，条目 {sealed.entry} · {sealed.rows} rows are sealed",
        style="bold green",
    )


def _summary(verified: Verified) -> Table:
    return facts(
        Text("日志核验", "journal"),
        [
            (Text("日志", "logs"), ", ".join(verified.origins)),
            (Text("条目", "entries"), str(verified.entries)),
            (Text("已打开并核对", "opened and compared"), str(verified.opened)),
            (Text("决定已重新判定", "decisions decided again"), str(verified.replayed)),
            (Text("状态行", "state rows"), str(verified.rows)),
            (Text("不符之处", "faults"), str(verified.faults)),
        ],
    )


def _faults(verified: Verified) -> Table:
    table = Table(title=both(Text("不符之处", "faults")), title_justify="left")
    for head in (Text("什么", "fault"), Text("位置", "index"), Text("对象", "object")):
        table.add_column(both(head), overflow="fold")
    for finding in verified.findings[:SHOWN]:
        index = "" if finding.index is None else str(finding.index)
        table.add_row(finding.fault.value, index, finding.what)
    return table
