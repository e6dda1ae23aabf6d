"""``keys``: the root key, as a file; the keys that sign JWTs, through a running server."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from api.consent_page import Text
from scripts.having_done import have_done
from scripts.outcomes import Exit, OperatorError, unusable
from scripts.screen import DataOption, both, console, facts
from scripts.signing import LIST, ROTATE, WITHDRAW
from vault.crypto.providers import create_key_file
from vault.errors import ConflictError

app: Final = typer.Typer(help="密钥 · keys", no_args_is_help=True)


@app.callback()
def group() -> None:
    """密钥 · keys."""


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="新文件 · new file", metavar="FILE")],
) -> None:
    """生成一把根密钥 · draw a root key; it never overwrites one."""
    path = file.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_key_file(path, random=os.urandom)
    except ConflictError as error:
        raise OperatorError(
            f"{path} 已经存在，根密钥从不覆盖。请换一个文件名。",
            f"{path} is there already, and a root key is never overwritten. Name another file.",
            code=Exit.DATA,
        ) from error
    except OSError as error:
        raise unusable(path) from error
    rows = [
        (Text("根密钥", "root key"), str(path)),
        (
            Text("请做", "do this"),
            "备份到别处；丢失后什么都打不开 · back it up elsewhere: without it nothing opens",
        ),
        (Text("设置", "setting"), f"MYSPACE_KEYS__ROOT_KEY_FILE={path}"),
    ]
    console().print(facts(Text("已生成", "Done"), rows))


@app.command(name="list")
def show(data: DataOption = None) -> None:
    """列出签名密钥 · list the keys that sign JWTs."""
    table = Table(title=both(Text("签名密钥", "Signing keys")), title_justify="left")
    for heading in _HEADINGS:
        table.add_column(both(heading), overflow="fold")
    for key in have_done(LIST, {}, data=data)["keys"]:
        table.add_row(
            key["purpose"],
            key["alg"],
            both(_STATES[key["state"]]),
            *(_time(key[name]) for name in ("activate_at", "retire_at", "remove_at")),
            key["kid"],
        )
    console().print(table)


@app.command()
def rotate(
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="只换这一种 · only keys for this purpose")
    ] = None,
    data: DataOption = None,
) -> None:
    """提前更换签名密钥 · publish successors of signing keys; they take over after a day."""
    done = have_done(ROTATE, {"purpose": purpose}, data=data)
    rows = [
        (_INDEX, str(done["index"])),
        (Text("启用", "taking over"), "一天之后，自动 · after a day, by themselves"),
    ]
    console().print(facts(Text("新密钥已公布", "New keys are published"), rows))


@app.command(context_settings={"ignore_unknown_options": True})  # A key id may begin with "-".
def withdraw(
    kid: Annotated[str, typer.Argument(help="密钥编号 · key id", metavar="KID")],
    data: DataOption = None,
) -> None:
    """立即撤下泄露的签名密钥 · remove a signing key that others know, at once."""
    done = have_done(WITHDRAW, {"kid": kid}, data=data)
    rows = [(Text("密钥编号", "key id"), str(done["kid"])), (_INDEX, str(done["index"]))]
    console().print(facts(Text("已撤下", "Withdrawn"), rows))


_INDEX: Final = Text("日志位置", "index in the journal")
_HEADINGS: Final = (
    Text("用途", "purpose"),
    Text("算法", "algorithm"),
    Text("状态", "state"),
    Text("启用", "signs from"),
    Text("退役", "until"),
    Text("移除", "removed"),
    Text("密钥编号", "key id"),
)
_STATES: Final = {
    "published": Text("已公布", "published"),
    "active": Text("使用中", "active"),
    "retiring": Text("退役中", "retiring"),
}


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
