"""``doctor``: looks at everything a server needs, and says what to do."""

from collections.abc import Iterator
from typing import Final

import typer
from pydantic import ValidationError
from rich.table import Table

from api.consent_page import Text
from api.databases import connections_wanted, look_at_server
from api.settings import Settings
from scripts import checks
from scripts.checks import Looked, State
from scripts.outcomes import Exit, OperatorError, settings_told, told_of
from scripts.places import Places, existing_settings, places, server_is_named
from scripts.reading import EmptyDatabaseError, reading
from scripts.rows_looked import guarded_rows_hold
from scripts.screen import DataOption, both, console
from scripts.server_check import database_server
from scripts.witness.looking import witnesses
from vault.clock import SystemClock
from vault.errors import VaultError

_MARKS: Final = {State.GOOD: "[green]✓[/]", State.CARE: "[yellow]![/]", State.BAD: "[red]✗[/]"}
_DATABASE: Final = Text("数据库", "database")
_VALUES: Final = Text("设置的值", "values of settings")


def doctor(data: DataOption = None) -> None:
    """检查设置、密钥、数据库、文件和时钟 · check settings, keys, database, files and clock."""
    where = places(data)
    looked = list(_look(where, data=data))
    table = Table(title=both(Text("检查结果", "findings")), title_justify="left", show_lines=True)
    for head in (Text("检查", "check"), Text("看到", "found"), Text("请做", "do this")):
        table.add_column(both(head), overflow="fold")
    for one in looked:
        step = both(one.step) if one.step.zh else ""
        table.add_row(f"{_MARKS[one.state]} {both(one.what)}", both(one.seen), step)
    console().print(table)
    if any(one.state is State.BAD for one in looked):
        raise typer.Exit(Exit.CONFIGURATION)


def _look(where: Places, *, data: DataOption) -> Iterator[Looked]:
    yield from checks.environment()
    yield from checks.data_folder(where, holds_data=not server_is_named())
    yield from checks.free_space(where)
    try:
        settings = existing_settings(where)
    except OperatorError as error:
        yield _unreadable(error)
        return
    except ValidationError as error:
        yield Looked(
            what=_VALUES,
            state=State.BAD,
            seen=Text("缺失或无效", "missing or not valid"),
            step=settings_told(error).text,
        )
        return
    yield from checks.root_key(settings)
    yield from checks.object_store(settings)
    yield from checks.authorities(settings, now_ms=SystemClock().now_ms())
    try:
        yield from _server(settings)
        with reading(data) as opened:
            yield Looked(
                what=_DATABASE,
                state=State.GOOD,
                seen=Text(f"可以打开，{opened.size} 条日志", f"it opens; {opened.size} entries"),
            )
            yield from guarded_rows_hold(opened)
            yield from checks.clock(SystemClock().now_ms(), last_ms=opened.last_ms)
            yield from witnesses(opened, now_ms=SystemClock().now_ms())
    except EmptyDatabaseError as error:
        yield Looked(
            what=_DATABASE, state=State.CARE, seen=Text("空的", "empty"), step=error.told.text
        )
    except VaultError as error:
        yield _unreadable(error)
    if settings.postgresql is None:
        yield from checks.server(where)


def _server(settings: Settings) -> Iterator[Looked]:
    found = look_at_server(settings)
    if found is not None and settings.postgresql is not None:
        yield from database_server(
            found,
            standby_required=settings.postgresql.standby,
            wanted=connections_wanted(settings),
        )


def _unreadable(error: VaultError) -> Looked:
    told = told_of(error).text
    return Looked(what=_DATABASE, state=State.BAD, seen=Text("打不开", "unreadable"), step=told)
