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

from api.settings import PREFIX, KeySettings, RootProvider, Settings
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
    def demo(self) -> Path:
        """Keys of the synthetic departments, and one-time codes; demo mode only."""
        return self.data / "demo"

    @property
    def socket(self) -> Path:
        """Where a running server takes the operator's verbs."""
        return self.data / "operator.sock"


def places(data: Path | None) -> Places:
    """Return the places that belong to the data folder ``data``, or to the default one."""
    folder = (data or Path(platformdirs.user_data_dir(APP))).absolute()
    name = sha256(os.fsencode(folder)).hexdigest()[:16]
    config, state = platformdirs.user_config_path(APP), platformdirs.user_state_path(APP)
    return Places(data=folder, key_file=config / name / "root.key", state=state / name)


def embedded_settings(where: Places, *, port: int, demo: bool) -> Settings:
    """Return the settings of the embedded default; makes a root key if there is none.

    Environment variables ``MYSPACE_…`` win over what is derived here.
    """
    derived: dict[str, Any] = {"data": where.data, "state": where.state, "demo": demo}
    derived["issuer"] = f"http://127.0.0.1:{port}"
    if not any(name.startswith(f"{PREFIX}KEYS__") for name in os.environ):
        if not where.key_file.exists():
            where.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            create_key_file(where.key_file, random=os.urandom)
        derived["keys"] = KeySettings(provider=RootProvider.FILE, root_key_file=where.key_file)
    unset = {k: v for k, v in derived.items() if f"{PREFIX}{k.upper()}" not in os.environ}
    return Settings(**unset)
