"""``keys``: the root key, as a file."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from api.consent_page import Text
from scripts.outcomes import Exit, OperatorError, unusable
from scripts.screen import console, facts
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
