"""``complaint``: what holders complain of, and the operator's answers."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from api.consent_page import Text
from scripts.complaining import ANSWER, LIST, SHOW
from scripts.having_done import have_done
from scripts.screen import DataOption, both, console, facts, read_text

app: Final = typer.Typer(help="投诉 · complaints", no_args_is_help=True)

IdArgument = Annotated[str, typer.Argument(help="投诉编号 · id of the complaint", metavar="ID")]
FileArgument = Annotated[
    Path, typer.Argument(help="写着答复的文件 · file with the answer", metavar="FILE")
]
RefuseOption = Annotated[
    bool, typer.Option("--refuse", help="不支持投诉 · the complaint is not upheld")
]


@app.callback()
def group() -> None:
    """投诉 · complaints."""


@app.command("list")
def list_open(data: DataOption = None) -> None:
    """列出还没有答复的投诉 · list complaints that nobody has answered."""
    found = have_done(LIST, {}, data=data)["complaints"]
    screen = console()
    if not isinstance(found, list) or not found:
        screen.print("没有等待答复的投诉 · no complaint waits for an answer")
        return
    table = Table(title=both(Text("投诉", "complaints")), title_justify="left")
    for head in (Text("编号", "id"), Text("提出", "made"), Text("答复期限", "due")):
        table.add_column(both(head), overflow="fold")
    for one in found:
        late = " · 逾期 late" if one["late"] else ""
        table.add_row(str(one["id"]), str(one["asked"]), f"{one['due']}{late}")
    screen.print(table)


@app.command()
def show(complaint: IdArgument, data: DataOption = None) -> None:
    """打开一份投诉 · open a complaint."""
    found = have_done(SHOW, {"id": complaint}, data=data)
    rows = [
        (Text("关于哪个部门", "about"), str(found["department"])),
        (Text("关于哪条记录", "about which entry"), str(found["about"])),
        (Text("答复期限", "due"), str(found["due"])),
        (Text("状态", "state"), str(found["state"])),
        (Text("原话", "words"), str(found["text"])),
    ]
    console().print(facts(Text("投诉", "complaint"), rows))


@app.command()
def answer(
    complaint: IdArgument,
    file: FileArgument,
    refuse: RefuseOption = False,  # noqa: FBT002 - a flag of the command line
    data: DataOption = None,
) -> None:
    """答复一份投诉，持有人会收到 · answer a complaint; the holder gets it."""
    asked = {"id": complaint, "text": read_text(file).strip(), "refused": refuse}
    done = have_done(ANSWER, asked, data=data)
    rows = [(Text("日志位置", "index in the journal"), str(done["index"]))]
    console().print(facts(Text("已答复", "answered"), rows))
