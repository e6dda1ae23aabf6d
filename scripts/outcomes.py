"""What an operator is told when something is wrong: one sentence in each language, and a code.

The codes are those of ``sysexits.h``, so that a supervisor can tell "mend the configuration"
from "try again later". Every sentence says what to do next; none holds a value of anybody.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from api.consent_page import Text
from storage.failures import (
    ConfigurationError,
    DamagedError,
    GoneError,
    InUseError,
    NewerDataError,
    NoRoomError,
    OlderDataError,
    OutOfReachError,
)
from storage.s3_failures import ObjectsAwayError, ObjectsRefusedError
from vault.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    KeyUnavailableError,
    LogFrozenError,
    NotFoundError,
    StorageError,
    UnavailableError,
    VaultError,
)


class Exit(IntEnum):
    """Exit codes (``sysexits.h``); 1 is a story or a check that came out badly."""

    FAILED = 1
    USAGE = 64
    DATA = 65
    UNAVAILABLE = 69
    SOFTWARE = 70
    TEMPORARY = 75
    CONFIGURATION = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence for people, and the code for whoever started the program."""

    text: Text
    code: Exit


class OperatorError(VaultError):
    """Something that only the person at the terminal can mend.

    Attributes:
        told: What to print, and with what to exit.
    """

    def __init__(self, zh: str, en: str, *, code: Exit) -> None:
        """Keep both sentences; the English one is the message."""
        super().__init__(en)
        self.told = Told(text=Text(zh, en), code=code)


_NEXT: Final[Mapping[type[VaultError], Told]] = {
    KeyUnavailableError: Told(
        text=Text(
            "打不开密钥。请检查根密钥文件或口令是否属于这个数据文件夹，然后运行 myspace doctor。",
            "The key cannot be had. Check that the root key file or passphrase belongs to this "
            "data folder, then run: myspace doctor",
        ),
        code=Exit.CONFIGURATION,
    ),
    LogFrozenError: Told(
        text=Text(
            "数据库里的日志不是上次见到的日志的延续，已冻结。"
            "请用最新的备份恢复，再运行 myspace journal verify。",
            "The log in the database does not continue the one last seen, so it is frozen. "
            "Restore the newest backup, then run: myspace journal verify",
        ),
        code=Exit.DATA,
    ),
    NoRoomError: Told(
        text=Text(
            "磁盘已满，什么都没有写入。请腾出空间后重试。",
            "The disk is full and nothing was written. Make room, then try again.",
        ),
        code=Exit.TEMPORARY,
    ),
    DamagedError: Told(
        text=Text(
            "数据库文件已损坏。请保留现状，用最新的备份恢复，再运行 myspace journal verify。",
            "The database file is damaged. Keep it as it is, restore the newest backup, then run: "
            "myspace journal verify",
        ),
        code=Exit.DATA,
    ),
    InUseError: Told(
        text=Text(
            "已有一个服务正在使用这个数据文件夹。请先停止它，或用 --data 指定另一个文件夹。",
            "Another server uses this data folder. Stop it, or name another folder with --data.",
        ),
        code=Exit.UNAVAILABLE,
    ),
    NewerDataError: Told(
        text=Text(
            "这些数据由更新版本的程序写入。请改用那个版本，或恢复由本版本做的备份。",
            "A newer version of this program wrote these data. Run that version, or restore a "
            "backup made by this one.",
        ),
        code=Exit.CONFIGURATION,
    ),
    OlderDataError: Told(
        text=Text(
            "数据库的结构比本版本旧。请先运行 myspace migrate，运行中的服务不必停。",
            "The database has an older schema. Run myspace migrate first; servers that run go on.",
        ),
        code=Exit.CONFIGURATION,
    ),
    ConfigurationError: Told(
        text=Text(
            "数据库的地址、账号、权限或服务器设置不对，什么都没有写入。请改正后重试。",
            "The database's address, user, rights or server settings are not as they must be; "
            "nothing was written. Correct them and try again.",
        ),
        code=Exit.CONFIGURATION,
    ),
    GoneError: Told(
        text=Text(
            "数据库服务器没有应答。请检查 MYSPACE_POSTGRESQL__ADDRESS 和服务器，然后重试。",
            "The database server does not answer. Check MYSPACE_POSTGRESQL__ADDRESS and the "
            "server, then try again.",
        ),
        code=Exit.TEMPORARY,
    ),
    OutOfReachError: Told(
        text=Text(
            "数据文件夹无法使用。请检查它的所有者、权限和挂载选项，或用 --data 指定另一个文件夹。",
            "The data folder cannot be used. Check its owner, permissions and how it is mounted, "
            "or name another one with --data.",
        ),
        code=Exit.CONFIGURATION,
    ),
    ObjectsRefusedError: Told(
        text=Text(
            "对象存储拒绝了我们，或设置有误。请对照 docs/operations/objects.md 检查 MYSPACE_S3__ "
            "各项、存储桶和权限。",
            "The object store refuses us, or is set wrong. Check the MYSPACE_S3__ settings, the "
            "bucket and its rights against docs/operations/objects.en.md.",
        ),
        code=Exit.CONFIGURATION,
    ),
    ObjectsAwayError: Told(
        text=Text(
            "对象存储没有应答。请检查它是否在运行、MYSPACE_S3__ADDRESS 是否正确，然后重试。",
            "The object store does not answer. Check that it runs and that MYSPACE_S3__ADDRESS "
            "is right, then try again.",
        ),
        code=Exit.TEMPORARY,
    ),
    StorageError: Told(
        text=Text(
            "存储不可用。请检查数据文件夹的权限、剩余空间和数据库，然后重试。",
            "The storage does not answer. Check the data folder's permissions, free space and "
            "database, then try again.",
        ),
        code=Exit.TEMPORARY,
    ),
    UnavailableError: Told(
        text=Text("服务暂不可用，什么都没有改变。请稍后重试。", "Nothing was changed; try later."),
        code=Exit.TEMPORARY,
    ),
    IntegrityError: Told(
        text=Text(
            "保存的内容与校验值不符。请不要修改它，运行 myspace journal verify，并从备份恢复。",
            "What is stored does not verify. Leave it as it is, run myspace journal verify, and "
            "restore from a backup.",
        ),
        code=Exit.DATA,
    ),
    InvalidInputError: Told(
        text=Text("输入的内容不符合要求，请改正后重试。", "Correct the input and try again."),
        code=Exit.DATA,
    ),
    NotFoundError: Told(
        text=Text("没有找到。请检查名称或编号。", "It is not there; check the name or number."),
        code=Exit.DATA,
    ),
    ConflictError: Told(
        text=Text(
            "已经存在，或刚被他人更改。请查看现状后再决定。",
            "It is there already, or somebody else was first; look again before you decide.",
        ),
        code=Exit.DATA,
    ),
    VaultError: Told(
        text=Text("操作没有完成。", "The operation was not completed."), code=Exit.SOFTWARE
    ),
}


def told_of(error: VaultError) -> Told:
    """Return what to say about ``error``: its own words, or those of the nearest class."""
    if isinstance(error, OperatorError):
        return error.told
    found = next(_NEXT[kind] for kind in type(error).__mro__ if kind in _NEXT)
    detail = f"({error})" if str(error) else ""
    text = Text(f"{found.text.zh}{detail}", f"{found.text.en} {detail}".rstrip())
    return Told(text=text, code=found.code)


_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_OUT_OF_REACH: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST}
)


def system_told(error: OSError) -> Told | None:
    """Return what to say when the system refused a file; ``None`` if only a bug explains it."""
    if error.errno in _NO_ROOM:
        return _NEXT[NoRoomError]
    if error.errno in _OUT_OF_REACH and isinstance(error.filename, str | Path):
        return unusable(error.filename).told
    return None


def unusable(path: Path | str) -> OperatorError:
    """Return the error for a file or folder that the system does not let us use."""
    return OperatorError(
        f"{path} 无法使用。请检查它的所有者、权限和挂载选项，或换一个位置。",
        f"{path} cannot be used. Check its owner, permissions and how it is mounted, or choose "
        "another place.",
        code=Exit.CONFIGURATION,
    )


def settings_told(error: ValidationError) -> Told:
    """Name the settings that are missing or wrong, and our rule; a value is never repeated."""
    found = error.errors()
    wrong = [one["loc"] for one in found]
    if () in wrong:  # The only rule that is about several settings at once.
        return _PLAIN_HTTP
    names = ", ".join(sorted({"MYSPACE_" + "__".join(map(str, loc)).upper() for loc in wrong}))
    rules = "; ".join(filter(None, dict.fromkeys(map(_rule, found))))
    rules = f" ({rules})" if rules else ""
    return Told(
        text=Text(
            f"设置缺失或无效：{names}。请在环境变量中改正。{rules}",
            f"Settings are missing or not valid: {names}. Correct the environment variables."
            f"{rules}",
        ),
        code=Exit.CONFIGURATION,
    )


def _rule(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(error["ctx"]["error"]) if error["type"] == "value_error" else ""


_PLAIN_HTTP: Final = Told(
    text=Text(
        "没有 https 就只能演示。请把 MYSPACE_ISSUER 设为对外的 https 来源，或加上 --demo。",
        "Without https there is only the demonstration. Set MYSPACE_ISSUER to the https origin "
        "that people use, or add --demo.",
    ),
    code=Exit.CONFIGURATION,
)


def missing(name: str) -> OperatorError:
    """Return the error for a file that was named and is not there; ``name`` is its name alone."""
    return OperatorError(
        f"读不到文件 {name}。请检查路径和权限。",
        f"The file {name} cannot be read. Check its path and permissions.",
        code=Exit.DATA,
    )
