"""Every setting, with its unit and bounds. No secret has a default; nothing unknown is taken.

Read from the environment as ``MYSPACE_…`` with ``__`` between groups, for example
``MYSPACE_KEYS__ROOT_KEY_FILE``. A variable that names no setting stops the start.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vault.errors import InvalidInputError

PREFIX: Final = "MYSPACE_"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DATABASE: Final = "vault.db"
"""The database of the embedded default, in the data folder."""


class RootProvider(StrEnum):
    """Where the root key comes from (crypto.md 8)."""

    FILE = "file"
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a provider, not a secret


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySettings(_Group):
    """The root key: a file of 32 bytes, or a passphrase read once from a file."""

    provider: RootProvider = RootProvider.FILE
    root_key_file: Annotated[
        Path | None, Field(description="file of 32 raw bytes, mode 0600, apart from the data")
    ] = None
    passphrase_file: Annotated[
        Path | None, Field(description="file or descriptor path that holds the passphrase")
    ] = None

    @model_validator(mode="after")
    def _source_is_named(self) -> Self:
        chosen = self.root_key_file if self.provider is RootProvider.FILE else self.passphrase_file
        if chosen is None:
            raise ValueError(f"the {self.provider.value} provider needs its file to be named")
        return self


class PostgresqlSettings(_Group):
    """A database server in place of the embedded file; several processes may share it."""

    address: Annotated[
        str, Field(description="postgresql://user@host:port/database, without a password")
    ]
    password_file: Annotated[
        Path | None, Field(description="file that holds the password, mode 0600")
    ] = None
    standby: Annotated[
        bool, Field(description="refuse a server that names no synchronous standby")
    ] = False


class LimitSettings(_Group):
    """What one request may take."""

    max_file_bytes: Annotated[
        int, Field(ge=1, le=5 * 2**30, description="bytes of one deposited file")
    ] = 100 * 2**20
    max_json_bytes: Annotated[int, Field(ge=1024, le=8 * 2**20, description="bytes of JSON")] = (
        2 * 2**20
    )
    request_threads: Annotated[
        int, Field(ge=4, le=256, description="threads for requests; the pool has as many")
    ] = 40


class Settings(BaseSettings):
    """The whole configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Annotated[Path, Field(description="folder of the database and the sealed files")]
    state: Annotated[
        Path, Field(description="folder of the journal's own state, apart from the data")
    ]
    issuer: Annotated[str, Field(description="origin of every address, such as https://host")]
    keys: KeySettings
    limits: LimitSettings = LimitSettings()
    postgresql: PostgresqlSettings | None = None
    logs: Annotated[
        int | None, Field(ge=1, le=64, description="logs of a new deployment; fixed for good")
    ] = None
    suite: Annotated[
        int, Field(ge=1, le=2, description="envelope of a new deployment: 1 AES, 2 SM4")
    ] = 1
    demo: Annotated[
        bool,
        Field(description="synthetic people, http on loopback, one-time codes in a file"),
    ] = False

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        plain = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"http", "https"} or not parts.hostname or value != plain:
            raise ValueError("the issuer is an origin: scheme, host and port, nothing else")
        return value

    @model_validator(mode="after")
    def _plain_http_is_for_the_demo(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme == "http" and not (self.demo and parts.hostname in LOOPBACK):
            raise ValueError("http is for the demo on a loopback address; use https")
        return self

    @property
    def secure(self) -> bool:
        """Whether browsers reach this deployment by https."""
        return self.issuer.startswith("https:")

    @property
    def database(self) -> Path:
        """The database file of the embedded default."""
        return self.data / DATABASE


def refuse_unknown(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse variables with our prefix that name no setting: a typo must not pass silently.

    Raises:
        InvalidInputError: Such a variable is there; the message names it, not its value.
    """
    known = {name.upper() for name in Settings.model_fields}
    for name in environment:
        top = name.removeprefix(PREFIX).split("__")[0]
        if name.startswith(PREFIX) and top not in known:
            raise InvalidInputError(f"{name} is no setting of this program", field=name)
