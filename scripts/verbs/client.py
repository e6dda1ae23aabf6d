"""``client``: enters and stops departments' systems, through a running server if there is one."""

from pathlib import Path
from typing import Annotated, Final

import typer

from api.consent_page import Text
from scripts.client_file import ClientFile
from scripts.having_done import have_done
from scripts.operator_socket import Plain
from scripts.registering import REGISTER, RESUME, SUSPEND
from scripts.screen import DataOption, console, facts, read_text

app: Final = typer.Typer(help="部门系统 · clients", no_args_is_help=True)

ClientArgument = Annotated[str, typer.Argument(help="系统编号 · client id", metavar="ID")]


@app.callback()
def group() -> None:
    """部门系统 · clients."""


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="登记文件（JSON）· registration (JSON)")],
    data: DataOption = None,
) -> None:
    """登记一个部门系统 · register a department's system."""
    text = read_text(file)
    ClientFile.read(text)  # Faults are told here, before anything is opened.
    done = have_done(REGISTER, {"text": text}, data=data)
    _told(Text("已登记", "registered"), done)


@app.command()
def suspend(client_id: ClientArgument, data: DataOption = None) -> None:
    """立即停用一个部门系统 · stop a department's system at once."""
    done = have_done(SUSPEND, {"client_id": client_id}, data=data)
    _told(Text("已停用", "suspended"), done)


@app.command()
def resume(client_id: ClientArgument, data: DataOption = None) -> None:
    """恢复一个停用的部门系统 · let a suspended system go on."""
    done = have_done(RESUME, {"client_id": client_id}, data=data)
    _told(Text("已恢复", "resumed"), done)


def _told(title: Text, done: Plain) -> None:
    names = {
        "client_id": Text("系统编号", "client id"),
        "department": Text("部门", "department"),
        "index": Text("日志位置", "index in the journal"),
    }
    rows = [(name, str(done[key])) for key, name in names.items() if key in done]
    console().print(facts(title, rows))
