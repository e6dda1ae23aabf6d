"""``client register``: enters a department's system, through a running server if there is one."""

from pathlib import Path
from typing import Annotated, Final

import typer

from api.consent_page import Text
from api.wiring import wire
from scripts.client_file import ClientFile
from scripts.operator_socket import ask
from scripts.places import existing_settings, places
from scripts.registering import REGISTER, register
from scripts.screen import DataOption, console, facts, read_text

app: Final = typer.Typer(help="部门系统 · clients", no_args_is_help=True)


@app.callback()
def group() -> None:
    """部门系统 · clients."""


@app.command(name=REGISTER.rpartition(".")[2])
def register_file(
    file: Annotated[Path, typer.Argument(help="登记文件（JSON）· registration (JSON)")],
    data: DataOption = None,
) -> None:
    """登记一个部门系统 · register a department's system."""
    text = read_text(file)
    ClientFile.read(text)  # Faults are told here, before anything is opened.
    where = places(data)
    done = ask(where.socket, REGISTER, {"text": text})
    if done is None:
        with wire(existing_settings(where)) as wired:
            done = register(wired.vault, text, demo=wired.demo)
    rows = [
        (Text("系统编号", "client id"), str(done["client_id"])),
        (Text("部门", "department"), str(done["department"])),
        (Text("日志位置", "index in the journal"), str(done["index"])),
    ]
    console().print(facts(Text("已登记", "registered"), rows))
