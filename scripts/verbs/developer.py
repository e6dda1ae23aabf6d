"""``developer``: who builds a department's systems, and sees why they were refused."""

from typing import Annotated, Final

import typer

from api.consent_page import Text
from scripts.having_done import have_done
from scripts.managing import APPOINT, DISMISS
from scripts.operator_socket import Plain
from scripts.screen import DataOption, console, facts
from vault.identifiers import IdentifierKind

app: Final = typer.Typer(help="部门的开发人员 · developers", no_args_is_help=True)

DepartmentArgument = Annotated[str, typer.Argument(help="部门代码 · department", metavar="CODE")]
KindOption = Annotated[str, typer.Option("--kind", help="号码种类 · kind of the number")]
NumberOption = Annotated[
    str,
    typer.Option(
        "--number",
        prompt="号码 · number",
        hide_input=True,
        help="不写在命令里，会另行询问 · asked for, so that it stands in no history",
    ),
]

USUAL: Final = IdentifierKind.RESIDENT_ID.value


@app.callback()
def group() -> None:
    """部门的开发人员 · developers."""


@app.command()
def appoint(
    department: DepartmentArgument,
    number: NumberOption,
    kind: KindOption = USUAL,
    data: DataOption = None,
) -> None:
    """让一个人查看部门系统的登记和被拒原因 · let somebody see registrations and refusals."""
    asked = {"department": department, "kind": kind, "number": number}
    _told(Text("已任命", "appointed"), have_done(APPOINT, asked, data=data))


@app.command()
def dismiss(
    department: DepartmentArgument,
    number: NumberOption,
    kind: KindOption = USUAL,
    data: DataOption = None,
) -> None:
    """不再让一个人查看 · let somebody see them no more."""
    asked = {"department": department, "kind": kind, "number": number}
    _told(Text("已免去", "dismissed"), have_done(DISMISS, asked, data=data))


def _told(title: Text, done: Plain) -> None:
    rows = [
        (Text("部门", "department"), str(done["department"])),
        (Text("日志位置", "index in the journal"), str(done["index"])),
    ]
    console().print(facts(title, rows))
