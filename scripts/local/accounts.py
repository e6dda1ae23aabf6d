"""Whom servers run as: ourselves, or somebody without rights if we are root.

PostgreSQL refuses to be root, and no other server needs to be. Such an account cannot enter a
folder that is closed to others, as pytest's are, so servers get folders that it can get to.
"""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.local.process import Account
from scripts.outcomes import Exit, OperatorError

TRAVERSABLE: Final = 0o711
_NOBODY: Final = "nobody"
_OTHERS: Final = 0o001


def account() -> Account | None:
    """Return whom a server runs as: somebody without rights."""
    if os.geteuid() != 0:
        return None
    found = pwd.getpwnam(_NOBODY)
    return Account(user=found.pw_uid, group=found.pw_gid)


def check_reachable(path: Path) -> None:
    """Check that the account can get to ``path``.

    Raises:
        OperatorError: A folder on the way is closed to it, as pytest's are.
    """
    if closed := _closed(path):
        raise OperatorError(
            f"服务以普通用户 {_NOBODY} 运行，无法进入 {closed[0]}。请换一个文件夹。",
            f"Servers run as {_NOBODY}, who cannot enter {closed[0]}. Choose another folder.",
            code=Exit.CONFIGURATION,
        )


def is_reachable(path: Path) -> bool:
    """Tell whether the account can get to ``path``."""
    return not _closed(path)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that the account can get to, and remove it with everything at the end."""
    folder = new_open_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def own(folder: Path) -> None:
    """Hand ``folder`` and what is in it to the account; nobody else may look into it."""
    folder.chmod(0o700)
    if (who := account()) is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, who.user, who.group, follow_symlinks=False)


def new_open_folder() -> Path:
    """Make such a folder; who asked for it removes it."""
    folder = Path(tempfile.mkdtemp(prefix="myspace-"))
    folder.chmod(TRAVERSABLE)
    return folder


def _closed(path: Path) -> list[Path]:
    if account() is None:
        return []
    return [one for one in path.resolve().parents if not one.stat().st_mode & _OTHERS]
