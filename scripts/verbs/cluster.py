"""``cluster``: everything that a deployment has, on this machine, and the story played on it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console

from api.consent_page import Text
from scripts.demo_people import people
from scripts.gateway import CODES_FILE
from scripts.local.accounts import open_folder
from scripts.local.cluster import ENVIRONMENT, Cluster, running_cluster
from scripts.outcomes import Exit
from scripts.places import DEFAULT_PORT
from scripts.screen import console, facts

STEPS: Final = 6
LOOK_SECONDS: Final = 0.5
INTERRUPTED: Final = 128 + signal.SIGINT
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

CheckOption = Annotated[
    bool,
    typer.Option(
        "--check", help="演完就停止，不对则非零退出 · stop after the story; fail if it did"
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="保留数据的文件夹，默认用完即删 · folder that is kept; else a temporary one",
        show_default=False,
    ),
]
PortOption = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="nginx 的端口，0 为任意空闲端口 · port of nginx, 0: any"
    ),
]


def cluster(
    *, check: CheckOption = False, data: DataOption = None, port: PortOption = DEFAULT_PORT
) -> None:
    """本机上的完整部署 · a whole deployment on this machine (./scripts/cluster)."""
    screen = console()
    steps = _Steps(screen)
    up, good = False, True
    try:
        with (
            _interruptible(),
            open_folder() if data is None else nullcontext(data.absolute()) as folder,
            running_cluster(folder, port=port, kept=data is not None, step=steps.next) as running,
        ):
            good = _good(running, screen=screen, steps=steps)
            if not check:
                _greet(running, screen=screen, kept=data is not None)
                up = True
                _watch(running, screen=screen)
    except KeyboardInterrupt:
        screen.print("已停止 · stopped")
        if not up:
            raise typer.Exit(INTERRUPTED) from None
    if not good:
        raise typer.Exit(Exit.FAILED)


class _Steps:
    """Tells what is done next, and how far we are."""

    def __init__(self, screen: Console) -> None:
        self._screen, self._number = screen, 0

    def next(self, what: Text) -> None:
        self._number += 1
        text = what.zh if what.zh == what.en else f"{what.zh} · {what.en}"
        self._screen.print(f"[{self._number}/{STEPS}] {text}", markup=False, style="bold")


def _good(running: Cluster, *, screen: Console, steps: _Steps) -> bool:
    """Play the story against the proxy, then verify the journal; say what came out."""
    data = str(running.data)
    steps.next(Text("演示全过程", "the story"))
    if running.myspace("demo", "--url", running.nginx.origin, "--data", data):
        _failed(
            screen,
            Text(
                "故事没有演完，见上表最后一行。", "The story did not come out: see the last row."
            ),
        )
        return False
    steps.next(Text("核验整个日志", "the journal"))
    if running.myspace("journal", "verify", "--data", data):
        _failed(
            screen, Text("日志没有通过核验，见上表。", "The journal does not hold: see above.")
        )
        return False
    screen.print(
        "✓ 故事演完，日志相符 · the story played, and the journal holds", style="bold green"
    )
    return True


def _failed(screen: Console, told: Text) -> None:
    screen.print(f"✗ {told.zh}", style="bold red", soft_wrap=True)
    screen.print(told.en, style="red", soft_wrap=True)


def _greet(running: Cluster, *, screen: Console, kept: bool) -> None:
    origin, data = running.nginx.origin, running.data
    settings = running.folder / ENVIRONMENT
    rows = [
        (Text("个人空间", "portal"), f"{origin}/space"),
        (Text("公开日志", "public log"), f"{origin}/log/checkpoint"),
        *(
            (Text(f"登录：{one.name}", f"sign in: {one.key}"), one.number)
            for one in people().values()
        ),
        (Text("验证码写在", "one-time codes"), str(data / "demo" / CODES_FILE)),
        *(
            (Text(one.name, one.name), f"127.0.0.1:{one.port} · {one.log}")
            for one in running.servers
        ),
        (Text("PostgreSQL", "PostgreSQL"), running.postgresql.address()),
        (Text("SeaweedFS", "SeaweedFS"), running.seaweedfs.endpoint),
        (
            Text("再演一次", "play again"),
            f"(. {settings} && .venv/bin/myspace demo --url {origin} --data {data})",
        ),
        (
            Text("文件夹", "folder"),
            f"{running.folder}{'' if kept else ' （停止时删除 · removed at the end）'}",
        ),
        (Text("停止", "stop"), "Ctrl+C"),
    ]
    screen.print(facts(Text("集群已启动", "The cluster is up"), rows))


def _watch(running: Cluster, *, screen: Console) -> None:
    """Wait for a signal; tell of each process that ends before."""
    gone = set[str]()
    while True:
        time.sleep(LOOK_SECONDS)
        for name, alive in running.alive().items():
            if not alive and name not in gone:
                gone.add(name)
                screen.print(
                    f"! {name} 已结束，其余继续运行 · {name} has ended, the others go on",
                    style="yellow",
                )


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let every signal that asks us to end do it as Ctrl-C does, once: ending takes a moment."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for one in _ENDING:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
