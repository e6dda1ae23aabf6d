"""``bench``: what a pull and a large file cost, each in a unit of the same machine and run."""

import json
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scripts.bench import bare, file_tables, journal_tables
from scripts.bench.databases import Chosen, Kind, chosen
from scripts.bench.files import MIB, bench_in
from scripts.bench.files import rounds as file_rounds
from scripts.bench.fixture import found, settings_in
from scripts.bench.journal import journal_bench
from scripts.bench.rounds import Load, Round, apart, measured
from scripts.bench.servers import bare_server, vault_server
from scripts.bench.tables import plain, table, token_table
from scripts.bench.token_fixture import found_tokens
from scripts.bench.token_rounds import TokenLoad, token_rounds
from scripts.outcomes import Exit, OperatorError
from scripts.screen import console

app: Final = typer.Typer(help="基准测试 · benchmarks", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
ConnectionsOption = Annotated[
    int, typer.Option("--connections", min=1, max=512, help="保持的连接数 · kept alive")
]
RequestsOption = Annotated[
    int, typer.Option("--requests", min=100, max=100_000, help="每轮调取次数 · pulls in a round")
]
DatabaseOption = Annotated[
    Kind, typer.Option("--database", help="数据库 · sqlite or postgresql, a server of its own")
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="服务进程数 · processes of the server")
]
MibOption = Annotated[
    int, typer.Option("--mib", min=1, max=4096, help="文件大小 MiB · size of the file")
]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.05, max=60, help="每种写法的时长 · of each way")
]
RoundsOption = Annotated[int, typer.Option("--rounds", min=1, max=100, help="轮数 · rounds")]


class Blobs(StrEnum):
    """Where sealed files may lie."""

    FOLDER = "folder"
    S3 = "s3"


BlobsOption = Annotated[Blobs, typer.Option("--blobs", help="文件夹或对象存储 · folder or bucket")]


@app.callback()
def group() -> None:
    """基准测试 · benchmarks."""


@app.command()
def pull(
    *,
    as_json: JsonOption = False,
    connections: ConnectionsOption = 32,
    requests: RequestsOption = 4000,
    rounds: RoundsOption = 5,
    database: DatabaseOption = Kind.SQLITE,
    workers: WorkersOption = 1,
) -> None:
    """一次完整调取的代价 · what one full pull costs, in bare requests."""
    if workers > 1 and database is Kind.SQLITE:
        raise OperatorError(
            "SQLite 只有一个进程。测多个进程请加上 --database postgresql。",
            "SQLite has one process. To measure several, add --database postgresql.",
            code=Exit.USAGE,
        )
    with TemporaryDirectory(prefix="myspace-bench-") as name, chosen(database) as beside:
        folder = Path(name)
        fixture = found(folder, postgresql=beside.settings)
        load = Load(fixture=fixture, connections=connections, requests=requests)
        bares, pulls = _rounds(load, folder, count=rounds, workers=workers, beside=beside)
    if as_json:
        typer.echo(json.dumps(plain(bares, pull=pulls)))
        return
    console().print(table(bares, pulls, load=load))


@app.command()
def token(
    *,
    as_json: JsonOption = False,
    connections: ConnectionsOption = 32,
    requests: RequestsOption = 2000,
    rounds: RoundsOption = 5,
) -> None:
    """推送、换令牌、刷新、内省的代价 · what the token endpoints cost, in bare requests."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        TemporaryDirectory(prefix="myspace-bench-") as name,
        Progress(*columns, console=console(stderr=True)) as bar,
    ):
        folder = Path(name)
        fixture = found_tokens(folder, codes=(rounds + 1) * requests)
        load = TokenLoad(fixture=fixture, connections=connections, requests=requests)
        track = partial(bar.track, description="测量 · measuring")
        rows = dict(token_rounds(load, folder, count=rounds, track=track))
    bares = rows.pop("bare")
    if as_json:
        typer.echo(json.dumps(plain(bares, **rows)))
        return
    console().print(token_table(bares, rows, connections=connections))


@app.command()
def files(
    *,
    blobs: BlobsOption = Blobs.FOLDER,
    as_json: JsonOption = False,
    mib: MibOption = 100,
    rounds: RoundsOption = 5,
) -> None:
    """一个大的封存文件，存入和取出 · a large sealed file, up and down."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        TemporaryDirectory(prefix="myspace-bench-") as name,
        bench_in(Path(name), size=mib * MIB, bucket=blobs is Blobs.S3) as bench,
        Progress(*columns, console=console(stderr=True)) as bar,
    ):
        every = islice(file_rounds(bench), rounds + 1)
        _, *found = bar.track(every, total=rounds + 1, description="测量 · measuring")
    if as_json:
        typer.echo(json.dumps(file_tables.plain(found, bench)))
        return
    console().print(file_tables.table(found, bench))


@app.command()
def journal(
    *, as_json: JsonOption = False, seconds: SecondsOption = 2.0, rounds: RoundsOption = 3
) -> None:
    """日志写入、核验、查找的速度 · appending to the journal, verifying and scanning it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with TemporaryDirectory(prefix="myspace-bench-") as name:
        folder = Path(name)
        with (
            journal_bench(settings_in(folder), folder, seconds=seconds) as bench,
            Progress(*columns, console=console(stderr=True)) as bar,
        ):
            before = bench.size()
            every = (bench.round() for _ in range(rounds + 1))  # The first one warms up.
            _, *found = bar.track(every, total=rounds + 1, description="测量 · measuring")
            read = bench.read(before=before)
    if as_json:
        typer.echo(json.dumps(journal_tables.plain(found, read)))
        return
    console().print(journal_tables.table(found, read))


def _rounds(
    load: Load, folder: Path, *, count: int, workers: int, beside: Chosen
) -> tuple[list[Round], list[Round]]:
    """Drive both servers in turn; the first round warms up and does not count."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bares, pulls = [], []
    with (
        Progress(*columns, console=console(stderr=True)) as bar,
        bare_server(folder) as unit,
        vault_server(load.fixture.settings, folder, workers=workers) as vault,
        apart() as pool,
    ):
        for _ in bar.track(range(count + 1), description="测量 · measuring"):
            bares.append(measured(pool, partial(load.bare, bare.TARGET), on=unit))
            pulls.append(measured(pool, load.pull, on=vault, database=beside))
    return bares[1:], pulls[1:]
