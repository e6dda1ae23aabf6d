"""``serve``: one port and one process, or several on a shared database."""

import os
from contextlib import nullcontext
from typing import Annotated

import typer

from api.app import create_app
from api.consent_page import Text
from api.settings import refuse_unknown
from scripts.demo_people import people
from scripts.gateway import CODES_FILE
from scripts.outcomes import Exit, OperatorError
from scripts.places import DEFAULT_PORT, Places, embedded_settings, places, server_is_named
from scripts.running import running
from scripts.sandbox.place import refuse_sandbox
from scripts.sandbox.serve import play
from scripts.screen import DataOption, console, facts
from scripts.serving import HOST, claim_port, run
from scripts.workers import spread
from vault.errors import InvalidInputError

PortOption = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="端口，0 为任意空闲端口 · port, 0 takes a free one"
    ),
]
DemoOption = Annotated[
    bool, typer.Option("--demo", help="虚构的人物和部门 · synthetic people and departments")
]

SandboxOption = Annotated[
    bool,
    typer.Option("--sandbox", help="给开发者的沙盒，人物自己决定 · for developers, people decide"),
]
HostOption = Annotated[str, typer.Option("--host", help="监听的地址 · address to listen on")]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers", min=1, max=64, help="进程数，需要 PostgreSQL · processes, on PostgreSQL"
    ),
]


def serve(
    *,
    port: PortOption = DEFAULT_PORT,
    data: DataOption = None,
    demo: DemoOption = False,
    sandbox: SandboxOption = False,
    host: HostOption = HOST,
    workers: WorkersOption = 1,
) -> None:
    """启动服务 · start the server."""
    try:
        refuse_unknown(os.environ)
    except InvalidInputError as error:
        raise OperatorError(
            f"环境变量 {error.field} 不是设置项。请改正变量名或删除它。",
            f"{error}. Correct the name of the variable, or remove it.",
            code=Exit.CONFIGURATION,
        ) from error
    _refuse_workers(workers)
    if sandbox:
        play(port=port, data=data, host=host, workers=workers)
        return
    where = places(data)
    refuse_sandbox(where)
    with claim_port(port, host=host) as held:
        number: int = held.getsockname()[1]
        settings = embedded_settings(where, port=number, demo=demo)
        worker = 0 if workers == 1 else spread(workers, on=held)
        with running(settings, where=where) as wired:
            app = create_app(settings, wiring=lambda _settings: nullcontext(wired))
            if not worker:
                _greet(settings.issuer, where=where, demo=settings.demo)
            run(app, on=held, leaving=wired.leaving)


def _refuse_workers(workers: int) -> None:
    if workers > 1 and not server_is_named():
        raise OperatorError(
            "SQLite 数据库只能由一个进程使用。请去掉 --workers，"
            "或用 MYSPACE_POSTGRESQL__ADDRESS 指定 PostgreSQL。",
            "One process has an SQLite database to itself. Leave --workers out, or name a "
            "PostgreSQL database with MYSPACE_POSTGRESQL__ADDRESS.",
            code=Exit.CONFIGURATION,
        )


def _greet(origin: str, *, where: Places, demo: bool) -> None:
    rows = [
        (Text("个人空间", "portal"), f"{origin}/space"),
        (Text("公开日志", "public log"), f"{origin}/log/checkpoint"),
        (Text("数据文件夹", "data folder"), str(where.data)),
        (Text("停止", "stop"), "Ctrl+C"),
    ]
    if demo:
        rows[2:2] = [
            *(
                (Text(f"登录：{one.name}", f"sign in: {one.key}"), one.number)
                for one in people().values()
            ),
            (Text("验证码写在", "one-time codes"), str(where.demo / CODES_FILE)),
            (Text("演示全过程", "play the story"), _command(origin, where=where)),
        ]
    console().print(facts(Text("我的空间已启动", "MySpace Vault is running"), rows))


def _command(origin: str, *, where: Places) -> str:
    return f".venv/bin/myspace demo --url {origin} --data {where.data}"
