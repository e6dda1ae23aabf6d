"""``client``: everything about departments' systems, through a running server if there is one."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from api.consent_page import Text
from scripts.client_file import ClientFile
from scripts.having_done import have_done
from scripts.managing import APPROVE, CLOSE, KEYS, LIST, REFUSALS, REFUSE, SHOW, TOKEN
from scripts.operator_socket import Plain
from scripts.registering import REGISTER, RESUME, SUSPEND
from scripts.registry import (
    MOST_DAYS,
    StatementFile,
    draw_registry_key,
    read_registry_key,
    sign_statement,
)
from scripts.screen import DataOption, both, console, facts, foreign, read_text
from vault.clients.keys import read_jwks
from vault.clock import MS, SystemClock

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


@app.command(name="list")
def list_all(data: DataOption = None) -> None:
    """列出部门系统，待批准的在前 · list systems, those that wait for approval first."""
    done = have_done(LIST, {}, data=data)
    table = Table(title=both(Text("部门系统", "clients")), title_justify="left")
    for name in _COLUMNS.values():
        table.add_column(both(name), overflow="fold")
    for line in done["clients"]:
        table.add_row(*(foreign(str(line[key])) for key in _COLUMNS))
    console().print(table)


@app.command()
def show(client_id: ClientArgument, data: DataOption = None) -> None:
    """查看一个部门系统的登记内容 · show what is registered of a system."""
    done = have_done(SHOW, {"client_id": client_id}, data=data)
    rows = [
        (name, "\n".join(done[key]) if isinstance(done[key], list) else str(done[key]))
        for key, name in _MEMBERS.items()
    ]
    console().print(facts(Text("登记内容", "registration"), rows))


@app.command()
def approve(
    client_id: ClientArgument,
    version: Annotated[
        int, typer.Option("--version", help="您看过的版本 · the version that you looked at")
    ],
    data: DataOption = None,
) -> None:
    """批准一个自行登记的系统 · let in a system that registered itself."""
    done = have_done(APPROVE, {"client_id": client_id, "version": version}, data=data)
    _told(Text("已批准", "approved"), done)


@app.command()
def refuse(client_id: ClientArgument, data: DataOption = None) -> None:
    """拒绝一个自行登记的系统 · refuse a system that registered itself."""
    _told(Text("已拒绝", "refused"), have_done(REFUSE, {"client_id": client_id}, data=data))


@app.command()
def close(client_id: ClientArgument, data: DataOption = None) -> None:
    """永久关闭一个部门系统 · close a system for good."""
    _told(Text("已关闭", "closed"), have_done(CLOSE, {"client_id": client_id}, data=data))


@app.command()
def keys(
    client_id: ClientArgument,
    file: Annotated[Path, typer.Argument(help="公钥集（JWKS）· public keys (JWKS)")],
    data: DataOption = None,
) -> None:
    """更换一个部门系统的全部公钥 · replace all public keys of a system."""
    text = read_text(file)
    read_jwks(text)  # Faults are told here, before anything is opened.
    done = have_done(KEYS, {"client_id": client_id, "text": text}, data=data)
    _told(Text("已更换密钥", "keys replaced"), done)


@app.command()
def token(
    department: Annotated[str, typer.Argument(help="部门代码 · department", metavar="CODE")],
    data: DataOption = None,
) -> None:
    """发一个登记令牌：24 小时，用一次 · an initial access token: 24 hours, one use."""
    typer.echo(have_done(TOKEN, {"department": department}, data=data)["token"])


@app.command()
def refusals(
    name: Annotated[
        str,
        typer.Argument(
            help="系统编号，或回答里的 X-Correlation-Id · client id, or that of an answer",
            metavar="ID|CORRELATION",
        ),
    ],
    data: DataOption = None,
) -> None:
    """为什么被拒绝，最近一周 · why requests were refused, of the last week."""
    done = have_done(REFUSALS, {"name": name}, data=data)
    table = Table(title=both(Text("被拒绝的请求", "refused requests")), title_justify="left")
    for column in _REFUSED.values():
        table.add_column(both(column), overflow="fold")
    for line in done["refusals"]:
        table.add_row(*(foreign(str(line[key])) for key in _REFUSED))
    console().print(table)


@app.command()
def registry(
    file: Annotated[Path, typer.Argument(help="新文件 · new file", metavar="FILE")],
    issuer: Annotated[str, typer.Option("--issuer", help="登记机构的名称 · name of the registry")],
) -> None:
    """生成登记机构的密钥 · draw the key that signs software statements."""
    drawn = draw_registry_key(file, issuer=issuer)
    typer.echo(f"MYSPACE_REGISTRY__ISSUER={drawn.issuer}")
    typer.echo(f"MYSPACE_REGISTRY__KEYS={drawn.public_jwks()}")


@app.command()
def statement(
    file: Annotated[Path, typer.Argument(help="声明内容（JSON）· what it says (JSON)")],
    key: Annotated[Path, typer.Option("--key", help="登记机构的密钥 · the registry's key")],
    server: Annotated[str, typer.Option("--server", help="服务的源 · origin of the server")],
    days: Annotated[
        int, typer.Option("--days", min=1, max=MOST_DAYS, help="几天内可用 · days it may be used")
    ] = 30,
) -> None:
    """签一份软件声明 · sign a software statement."""
    signed = sign_statement(
        StatementFile.read(read_text(file)),
        key=read_registry_key(key),
        server=server,
        days=days,
        now=SystemClock().now_ms() // MS,
    )
    typer.echo(signed)


_REFUSED: Final = {
    "at": Text("时间", "time"),
    "correlation": Text("关联编号", "correlation id"),
    "client_id": Text("系统编号", "client id"),
    "proven": Text("已证明身份", "proven"),
    "method": Text("方法", "method"),
    "path": Text("地址", "path"),
    "status": Text("状态码", "status"),
    "error": Text("错误", "error"),
    "reason": Text("原因", "reason"),
}
_MEMBERS: Final = {
    "client_id": Text("系统编号", "client id"),
    "department": Text("部门", "department"),
    "name": Text("名称", "name"),
    "status": Text("状态", "status"),
    "version": Text("版本", "version"),
    "profile": Text("安全档", "profile"),
    "software": Text("软件", "software"),
    "method": Text("证明方式", "authentication"),
    "keys": Text("公钥：名称、算法、指纹", "keys: name, algorithm, thumbprint"),
    "addresses": Text("地址", "addresses"),
    "grant_types": Text("流程", "flows"),
    "scopes": Text("登记权限", "registry scopes"),
    "evidence": Text("可请求的材料", "evidence it may ask for"),
    "issue_codes": Text("可存入的材料", "evidence it may deposit"),
    "service_items": Text("事项", "service items"),
}
_COLUMNS: Final = {
    "client_id": Text("系统编号", "client id"),
    "department": Text("部门", "department"),
    "name": Text("名称", "name"),
    "profile": Text("安全档", "profile"),
    "status": Text("状态", "status"),
    "version": Text("版本", "version"),
}


def _told(title: Text, done: Plain) -> None:
    names = {
        "client_id": Text("系统编号", "client id"),
        "department": Text("部门", "department"),
        "index": Text("日志位置", "index in the journal"),
    }
    rows = [(name, str(done[key])) for key, name in names.items() if key in done]
    console().print(facts(title, rows))
