"""What ``doctor`` looks at, one function each. Nothing is changed, and nothing secret is shown.

Only an object store is tried: with an object that is removed again.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from api.consent_page import Text
from api.object_stores import objects_of
from api.settings import PREFIX, RootProvider, Settings, refuse_unknown
from api.wiring import mtls_of
from scripts.operator_socket import somebody
from scripts.outcomes import told_of
from scripts.places import Places
from vault.clock import MS
from vault.crypto.providers import FileProvider
from vault.errors import InvalidInputError, StorageError

ENOUGH_BYTES: Final = 2**30
LITTLE_BYTES: Final = 100 * 2**20
FIRST_YEAR: Final = 2026
"""The clock cannot stand before this program was written."""

LAST_YEAR: Final = 2100
RENEW_DAYS: Final = 30
DAY_MS: Final = 86_400_000


NOTHING: Final = Text("", "")
"""There is nothing to do."""


class State(StrEnum):
    """How a check came out."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found, and what to do about it.

    Attributes:
        step: Empty where there is nothing to do.
    """

    what: Text
    state: State
    seen: Text
    step: Text = NOTHING


_SETTINGS: Final = Text("设置", "settings")
_KEY: Final = Text("根密钥", "root key")
_DATA: Final = Text("数据文件夹", "data folder")
_SPACE: Final = Text("剩余空间", "free space")
_OBJECTS: Final = Text("对象存储", "object store")
_AUTHORITIES: Final = Text("客户端证书", "client certificates")
_CLOCK: Final = Text("时钟", "clock")
_SERVER: Final = Text("服务", "server")
_START: Final = Text(
    "先运行 ./scripts/serve，或用 --data 指定", "Run ./scripts/serve, or use --data"
)
_MADE_LATER: Final = Text("不必建立：服务启动时会建", "Leave it: the server makes it at its start")


def environment() -> Iterator[Looked]:
    """Every variable with our prefix names a setting."""
    try:
        refuse_unknown(os.environ)
    except InvalidInputError as error:
        yield Looked(
            what=_SETTINGS,
            state=State.BAD,
            seen=Text(f"环境变量 {error.field} 不是设置项", str(error)),
            step=Text("改正变量名，或删除它", "Correct the name, or remove it"),
        )
        return
    count = sum(name.startswith(PREFIX) for name in os.environ)
    yield Looked(
        what=_SETTINGS,
        state=State.GOOD,
        seen=Text(f"{count} 个环境变量，其余用默认值", f"{count} variables, defaults otherwise"),
    )


def root_key(settings: Settings) -> Iterator[Looked]:
    """The key opens nothing for others, and does not lie beside what it opens."""
    path = settings.keys.root_key_file
    if settings.keys.provider is not RootProvider.FILE or path is None:
        yield Looked(what=_KEY, state=State.GOOD, seen=Text("由口令派生", "from a passphrase"))
        return
    health = FileProvider(path, random=os.urandom).health()
    if not health.ok:
        yield Looked(
            what=_KEY,
            state=State.BAD,
            seen=Text(f"{path} 无法使用（{health.detail}）", f"{path}: {health.detail}"),
            step=Text(
                "恢复密钥文件；所有者为本用户，权限 0600（chmod 600）",
                "Restore the file; it must be yours, mode 0600 (chmod 600)",
            ),
        )
        return
    beside = [one for one in (path, *path.parent.glob("root.key*")) if _inside(one, settings.data)]
    beside += [one for one in settings.data.glob("*.key") if one not in beside]
    if beside:
        yield Looked(
            what=_KEY,
            state=State.BAD,
            seen=Text(f"密钥 {beside[0]} 与数据放在一起", f"{beside[0]} lies beside the data"),
            step=Text(
                "移到别处并设置 MYSPACE_KEYS__ROOT_KEY_FILE：和数据在一起的密钥什么也保护不了",
                "Move it and set MYSPACE_KEYS__ROOT_KEY_FILE: beside its data it protects nothing",
            ),
        )
        return
    yield Looked(
        what=_KEY, state=State.GOOD, seen=Text(f"{path}，0600，与数据分开", f"{path}, 0600, apart")
    )


def data_folder(where: Places, *, holds_data: bool = True) -> Iterator[Looked]:
    """The folder is ours, closed to others, and can be written.

    Args:
        where: The places of this deployment.
        holds_data: Whether the database lies in it, and not on a server.
    """
    folder = where.data
    if not folder.is_dir():
        yield Looked(
            what=_DATA,
            state=State.BAD if holds_data else State.CARE,
            seen=Text(f"没有 {folder}", f"there is no {folder}"),
            step=_START if holds_data else _MADE_LATER,
        )
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Looked(
            what=_DATA,
            state=State.CARE,
            seen=Text(f"{folder} 的权限是 {mode:04o}", f"{folder} has mode {mode:04o}"),
            step=Text(f"运行 chmod 700 {folder}", f"Run: chmod 700 {folder}"),
        )
    elif not os.access(folder, os.W_OK):
        yield Looked(
            what=_DATA,
            state=State.BAD,
            seen=Text(f"不能写入 {folder}", f"{folder} cannot be written"),
            step=Text("检查所有者和挂载选项", "Check its owner and how it is mounted"),
        )
    else:
        yield Looked(what=_DATA, state=State.GOOD, seen=Text(f"{folder}", f"{folder}"))


def free_space(where: Places) -> Iterator[Looked]:
    """A full disk stops every release, since nothing leaves without its entry."""
    if not where.data.is_dir():
        return
    free = shutil.disk_usage(where.data).free
    state = State.GOOD if free >= ENOUGH_BYTES else State.CARE
    yield Looked(
        what=_SPACE,
        state=State.BAD if free < LITTLE_BYTES else state,
        seen=Text(f"{free // 2**20} MiB", f"{free // 2**20} MiB"),
        step=NOTHING
        if state is State.GOOD
        else Text("腾出空间：写不进日志，什么都不会放行", "Make room: no journal, no release"),
    )


def object_store(settings: Settings) -> Iterator[Looked]:
    """The bucket takes an object, gives it back and removes it; where files lie in one."""
    if settings.s3 is None:
        return
    try:
        objects_of(settings, random=os.urandom)
    except StorageError as error:
        told = told_of(error).text
        yield Looked(
            what=_OBJECTS, state=State.BAD, seen=Text("不能使用", "cannot be used"), step=told
        )
        return
    where = f"{settings.s3.endpoint}/{settings.s3.bucket}"
    yield Looked(
        what=_OBJECTS,
        state=State.GOOD,
        seen=Text(f"{where}：试写、试读、试删成功", f"{where}: written, read and removed"),
    )


def authorities(settings: Settings, *, now_ms: int) -> Iterator[Looked]:
    """Who vouches for departments' systems can be read, and goes on doing so for a while."""
    try:
        mtls = mtls_of(settings)
    except InvalidInputError as error:
        yield Looked(
            what=_AUTHORITIES,
            state=State.BAD,
            seen=Text("机构清单不能使用", str(error)),
            step=Text("改正文件或设置：服务无法启动", "Mend the file or the setting: no start"),
        )
        return
    if mtls is None or mtls.authorities is None:
        return
    count, days = mtls.authorities.count, (mtls.authorities.ends_at * MS - now_ms) // DAY_MS
    ending = days < RENEW_DAYS
    yield Looked(
        what=_AUTHORITIES,
        state=State.CARE if ending else State.GOOD,
        seen=Text(
            f"{count} 个机构，最早的一个还有 {days} 天到期",
            f"{count} authorities, the first expires in {days} days",
        ),
        step=Text(
            "把接替的机构加进清单并重启", "Add the authority that follows to the list, and restart"
        )
        if ending
        else NOTHING,
    )


def clock(now_ms: int, *, last_ms: int) -> Iterator[Looked]:
    """Times in the journal never fall, and consents end by the clock.

    Args:
        now_ms: What the machine says.
        last_ms: Time of the newest entry, 0 for none.
    """
    year = datetime.fromtimestamp(now_ms / 1000, tz=UTC).year
    if not FIRST_YEAR <= year <= LAST_YEAR or now_ms < last_ms:
        yield Looked(
            what=_CLOCK,
            state=State.BAD,
            seen=Text(
                "系统时间早于最新的日志条目或不合理", "it is behind the newest entry, or absurd"
            ),
            step=Text("校准系统时间（NTP）后再启动", "Set the clock (NTP) before you start"),
        )
        return
    yield Looked(what=_CLOCK, state=State.GOOD, seen=Text("不早于日志", "not behind the journal"))


def server(where: Places) -> Iterator[Looked]:
    """Say whether a server has this folder open; either is fine.

    Only of an embedded database: those that share one are asked at ``/readyz``.
    """
    running = somebody(where.socket)
    yield Looked(
        what=_SERVER,
        state=State.GOOD,
        seen=Text("正在运行", "running") if running else Text("没有运行", "not running"),
    )


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
