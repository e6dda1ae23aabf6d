"""Where a sandbox may be: in a folder of its own, on this machine, for nobody else to reach."""

import os
from pathlib import Path
from typing import Final

import platformdirs

from api.settings import PREFIX
from scripts.outcomes import Exit, OperatorError
from scripts.places import APP, Places, places, server_is_named
from scripts.serving import HOST

MARK: Final = "sandbox"
"""File that says what a data folder is. It is never taken away."""


def sandbox_places(data: Path | None) -> Places:
    """Return the places of a sandbox; without a folder named, one apart from all others."""
    named = data is not None or f"{PREFIX}DATA" in os.environ
    return places(data if named else Path(platformdirs.user_data_dir(f"{APP}-sandbox")))


def claim_sandbox(where: Places, *, host: str, workers: int) -> None:
    """Mark the data folder as a sandbox, unless it holds, or would be, anything else.

    Raises:
        OperatorError: Real data are there, or others could reach it.
    """
    if where.database.exists() and not _mark(where).exists():
        raise OperatorError(
            "这个文件夹里的数据不是沙盒。请用 --data 给沙盒指定一个新的文件夹。",
            "The data in this folder are no sandbox. Name a new folder for it with --data.",
            code=Exit.CONFIGURATION,
        )
    if server_is_named() or f"{PREFIX}ISSUER" in os.environ or host != HOST or workers > 1:
        raise OperatorError(
            f"沙盒只在本机 {HOST} 上用一个进程运行，不接共用数据库，也不用 {PREFIX}ISSUER。"
            "请去掉这些选项和变量。",
            f"A sandbox is one process on {HOST} of this machine, without a shared database and "
            f"without {PREFIX}ISSUER. Leave these options and variables out.",
            code=Exit.CONFIGURATION,
        )
    where.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    _mark(where).touch(mode=0o600)


def refuse_sandbox(where: Places) -> None:
    """Refuse to serve the data of a sandbox as anything else.

    Raises:
        OperatorError: The folder is one.
    """
    if _mark(where).exists():
        raise OperatorError(
            "这个文件夹是沙盒的。请加上 --sandbox，或用 --data 指定另一个文件夹。",
            "This folder is that of a sandbox. Add --sandbox, or name another with --data.",
            code=Exit.CONFIGURATION,
        )


def _mark(where: Places) -> Path:
    return where.data / MARK
