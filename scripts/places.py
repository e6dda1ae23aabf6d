"""Where things lie on this machine, and how the embedded default is put together.

The root key and the journal's own state are kept apart from the data folder: a key beside
its data protects nothing, and a state beside the database goes back together with it.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import platformdirs

from api.settings import DATABASE, PREFIX, KeySettings, RootProvider, Settings
from scripts.outcomes import Exit, OperatorError
from vault.crypto.providers import create_key_file

APP: Final = "myspace-vault"
DEFAULT_PORT: Final = 8765


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of one embedded deployment.

    Attributes:
        data: Database, sealed files, outbox.
        key_file: Root key, below the user's configuration folder.
        state: The journal's own state, below the user's state folder.
    """

    data: Path
    key_file: Path
    state: Path

    @property
    def database(self) -> Path:
        """The database of the embedded default."""
        return self.data / DATABASE

    @property
    def demo(self) -> Path:
        """Keys of the synthetic departments, and one-time codes; demo mode only."""
        return self.data / "demo"

    @property
    def socket(self) -> Path:
        """Where a running server takes the operator's verbs."""
        return self.data / "operator.sock"


def places(data: Path | None) -> Places:
    """Return the places that belong to the data folder ``data``.

    If none is named, ``MYSPACE_DATA`` names it; else it is the default one.
    """
    named = os.environ.get(f"{PREFIX}DATA") or platformdirs.user_data_dir(APP)
    folder = (data or Path(named)).absolute()
    name = sha256(os.fsencode(folder)).hexdigest()[:16]
    config, state = platformdirs.user_config_path(APP), platformdirs.user_state_path(APP)
    return Places(data=folder, key_file=config / name / "root.key", state=state / name)


def embedded_settings(where: Places, *, port: int, demo: bool) -> Settings:
    """Return the settings of the embedded default; makes a root key at the first start.

    Environment variables ``MYSPACE_…`` win over what is derived here.

    Raises:
        OperatorError: There are data and no key that could open them.
        ValidationError: A setting of the environment is wrong.
    """
    if not _keys_are_set() and not where.key_file.exists():
        if where.database.exists():
            raise key_missing(where.key_file)
        if server_is_named():  # Every process needs the same key: it is made once, by hand.
            raise key_unnamed(where.key_file)
        where.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_key_file(where.key_file, random=os.urandom)
    return _settings(where, port=port, demo=demo)


def existing_settings(where: Places) -> Settings:
    """Return the settings under which the data folder is read; makes nothing.

    Raises:
        OperatorError: There are no data, or no key that could open them.
    """
    if not server_is_named() and not where.database.exists():
        raise no_database()
    if not _keys_are_set() and not where.key_file.exists():
        raise key_missing(where.key_file)
    return _settings(where, port=DEFAULT_PORT, demo=f"{PREFIX}ISSUER" not in os.environ)


def server_is_named() -> bool:
    """Say whether the environment names a database server; else the data lie in the folder."""
    return any(name.startswith(f"{PREFIX}POSTGRESQL__") for name in os.environ)


def no_database() -> OperatorError:
    """Return the error for a folder that is not a server's data folder."""
    return OperatorError(
        "这个文件夹里没有数据库。请用 --data 指定服务使用的数据文件夹。",
        "There is no database in this folder. Name the server's data folder with --data.",
        code=Exit.CONFIGURATION,
    )


def key_unnamed(path: Path) -> OperatorError:
    """Return the error for a shared database whose root key nobody has named."""
    return OperatorError(
        f"共用数据库的每个进程都要用同一把根密钥。请运行 myspace keys new {path}，妥善备份，"
        "再用 MYSPACE_KEYS__ROOT_KEY_FILE 指定它。",
        "Every process on a shared database needs the same root key. Make one with: myspace keys "
        f"new {path}, back it up, and name it with MYSPACE_KEYS__ROOT_KEY_FILE.",
        code=Exit.CONFIGURATION,
    )


def key_missing(path: Path) -> OperatorError:
    """Return the error for data whose root key is not where it was."""
    return OperatorError(
        f"根密钥文件不见了：{path}。没有它就打不开数据。请从密钥备份恢复到这个位置（权限 0600）。",
        f"The root key file is gone: {path}. Nothing opens without it. Put it back from your key "
        "backup, mode 0600.",
        code=Exit.CONFIGURATION,
    )


def _keys_are_set() -> bool:
    return any(name.startswith(f"{PREFIX}KEYS__") for name in os.environ)


def _settings(where: Places, *, port: int, demo: bool) -> Settings:
    derived: dict[str, Any] = {"state": where.state, "demo": demo}
    derived["issuer"] = f"http://127.0.0.1:{port}"
    if not _keys_are_set():
        derived["keys"] = KeySettings(provider=RootProvider.FILE, root_key_file=where.key_file)
    unset = {k: v for k, v in derived.items() if f"{PREFIX}{k.upper()}" not in os.environ}
    return Settings(data=where.data, **unset)
