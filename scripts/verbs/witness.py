"""``witness``: a small program of its own that signs only what continues what it has seen."""

import os
import threading
from pathlib import Path
from typing import Annotated, Final

import typer

from api.consent_page import Text
from scripts.folder_lock import Turn
from scripts.outcomes import Exit, OperatorError, unusable
from scripts.screen import both, console, facts
from scripts.serving import HOST, Certificate, claim_port, run
from scripts.witness.folder import LOCK, Witness, make_witness, witness_key
from scripts.witness.service import witness_app
from vault.clock import SystemClock
from vault.crypto.signing import SignatureType, VerifierKey
from vault.errors import ConflictError, InvalidInputError

DEFAULT_PORT: Final = 8766

app: Final = typer.Typer(help="见证 · witness", no_args_is_help=True)

FolderArgument = Annotated[
    Path, typer.Argument(help="见证的文件夹 · folder of the witness", metavar="FOLDER")
]


@app.callback()
def group() -> None:
    """见证 · witness."""


@app.command()
def init(
    folder: FolderArgument,
    *,
    name: Annotated[
        str, typer.Option("--name", help="署名，如 witness.example/office · its name")
    ],
    log: Annotated[
        list[str], typer.Option("--log", help="日志的公钥，可重复 · key of a log, repeatable")
    ],
) -> None:
    """建立一个见证 · draw the key of a witness, and name the logs that it watches."""
    place = folder.absolute()
    try:
        logs = [VerifierKey.parse(one) for one in log]
        if any(key.type is SignatureType.COSIGNATURE for key in logs):
            raise InvalidInputError("this is the key of a witness, not of a log")
        key = make_witness(place, name=name, logs=logs, random=os.urandom)
    except ConflictError as error:
        raise OperatorError(
            f"{place} 里已经有一个见证，密钥从不覆盖。请换一个文件夹。",
            f"There is a witness in {place} already, and its key is never overwritten. Name "
            "another folder.",
            code=Exit.DATA,
        ) from error
    except OSError as error:
        raise unusable(place) from error
    rows = [
        (Text("文件夹", "folder"), str(place)),
        (Text("公钥", "verifier key"), key.encode()),
        (
            Text("请做", "do this"),
            both(
                Text(
                    "把公钥交给日志的运营方；seen.db 决不能从备份恢复",
                    "give the key to whoever runs the log; never put seen.db back from a backup",
                )
            ),
        ),
    ]
    console().print(facts(Text("已建立见证", "The witness is made"), rows))


@app.command()
def key(folder: FolderArgument) -> None:
    """显示公钥 · print the verifier key, for a policy file."""
    typer.echo(witness_key(folder).verifier.encode())


@app.command()
def serve(
    folder: FolderArgument,
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="端口，0 为任意 · port, 0 for any")
    ] = DEFAULT_PORT,
    host: Annotated[str, typer.Option("--host", help="监听的地址 · address to listen on")] = HOST,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="TLS 证书链（PEM）· TLS chain (PEM)")
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option("--private-key", help="证书的私钥（PEM）· its key (PEM)")
    ] = None,
) -> None:
    """启动见证 · serve; without a certificate, behind a proxy that has one."""
    tls = _tls(certificate, private_key)
    if not folder.is_dir():
        raise unusable(folder)
    turn = Turn(folder / LOCK)
    try:
        if not turn.mine():
            raise OperatorError(
                "这个文件夹里的见证已在运行。一个见证只能有一个进程。",
                "The witness in this folder runs already; it is one process.",
                code=Exit.UNAVAILABLE,
            )
        with (
            Witness.opened(folder, clock=SystemClock()) as witness,
            claim_port(port, host=host) as held,
        ):
            scheme = "http" if tls is None else "https"
            rows = [
                (Text("地址", "address"), f"{scheme}://{host}:{held.getsockname()[1]}"),
                (Text("公钥", "verifier key"), witness.signer.verifier.encode()),
                (Text("日志", "logs"), ", ".join(sorted(witness.logs)) or "—"),
                (Text("停止", "stop"), "Ctrl+C"),
            ]
            console().print(facts(Text("见证已启动", "The witness runs"), rows))
            run(witness_app(witness), on=held, leaving=threading.Event(), tls=tls)
    finally:
        turn.close()


def _tls(certificate: Path | None, private_key: Path | None) -> Certificate | None:
    named = [path for path in (certificate, private_key) if path is not None]
    if not named:
        return None
    if len(named) == 1 or not all(os.access(path, os.R_OK) for path in named):
        raise OperatorError(
            "TLS 需要 --certificate 和 --private-key 两个可读的文件。",
            "TLS needs two files that can be read: --certificate and --private-key.",
            code=Exit.USAGE,
        )
    return Certificate(*named)
