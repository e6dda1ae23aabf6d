"""Every setting, with its unit and bounds. No secret has a default; nothing unknown is taken.

Read from the environment as ``MYSPACE_…`` with ``__`` between groups, for example
``MYSPACE_KEYS__ROOT_KEY_FILE``. A variable that names no setting stops the start.
"""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.egress_settings import EgressSettings
from api.mtls_settings import MtlsSettings
from api.passkey_settings import PasskeySettings
from api.witness_settings import WitnessSettings
from vault.clients.keys import read_jwks
from vault.errors import InvalidInputError

PREFIX: Final = "MYSPACE_"
MAX_LOGS: Final = 64
"""Each has a writer and a connection in every process."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DATABASE: Final = "vault.db"
"""The database of the embedded default, in the data folder."""

_BUCKET: Final = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


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
    wrong_codes_an_hour: Annotated[
        int,
        Field(
            ge=10,
            le=1_000_000,
            description="wrong one-time codes in all, of browsers not known to the account",
        ),
    ] = 10_000
    client_reads_a_minute: Annotated[
        int, Field(ge=60, le=10_000_000, description="requests of a client that only ask, at /v1")
    ] = 60_000
    client_changes_a_minute: Annotated[
        int, Field(ge=60, le=10_000_000, description="requests of a client that change, at /v1")
    ] = 6_000
    client_protocol_a_minute: Annotated[
        int, Field(ge=60, le=10_000_000, description="requests of a client at /oauth")
    ] = 6_000
    stranger_requests_a_minute: Annotated[
        int, Field(ge=60, le=10_000_000, description="unproven requests of one address")
    ] = 1_200


class S3Settings(_Group):
    """A bucket for the sealed files, instead of a folder (docs/operations/objects.md)."""

    # First, since the address below is judged by it.
    plain_http: Annotated[
        bool, Field(description="allow http to another machine: only inside a closed network")
    ] = False
    address: Annotated[str, Field(description="https://host:port/bucket")]
    credentials_file: Annotated[
        Path, Field(description="two lines, access key and secret key; mode 0600; read once")
    ]
    region: Annotated[
        str, Field(pattern="^[a-z0-9-]{1,63}$", description="what the store signs for")
    ] = "us-east-1"

    @field_validator("address")
    @classmethod
    def _address_is_of_a_bucket(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        if "@" in parts.netloc:
            raise ValueError("the address must not hold keys: they belong in the credentials file")
        plain = f"{parts.scheme}://{parts.netloc}/{parts.path[1:]}"
        if parts.scheme not in {"http", "https"} or not parts.hostname or value != plain:
            raise ValueError("the address is https://host:port/bucket, nothing else")
        if not _BUCKET.fullmatch(parts.path[1:]):
            raise ValueError("the address ends with the name of a bucket: 3 to 63 of a-z 0-9 . -")
        allowed = info.data.get("plain_http") or parts.hostname in LOOPBACK
        if parts.scheme == "http" and not allowed:
            raise ValueError("http is for a loopback address; use https, or set PLAIN_HTTP")
        return value

    @property
    def endpoint(self) -> str:
        """Host and port of the store."""
        return urlsplit(self.address).netloc

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return urlsplit(self.address).path[1:]

    @property
    def secure(self) -> bool:
        """Whether the store is reached by https."""
        return self.address.startswith("https:")


class RegistrySettings(_Group):
    """Whose software statements let departments' systems register themselves."""

    issuer: Annotated[
        str, Field(min_length=1, max_length=200, description="name of the registry: iss")
    ]
    keys: Annotated[
        str, Field(description="public keys of the registry, by value: a JSON Web Key Set")
    ]

    @field_validator("keys")
    @classmethod
    def _keys_are_public(cls, value: str) -> str:
        try:
            read_jwks(value)
        except InvalidInputError as error:
            raise ValueError(str(error)) from error
        return value


class Settings(BaseSettings):
    """The whole configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Annotated[Path, Field(description="folder of the database and the sealed files")]
    state: Annotated[
        Path, Field(description="folder of the journal's own state, apart from the data")
    ]
    published: Annotated[
        Path | None,
        Field(description="folder of the published checkpoints; published in the data if not set"),
    ] = None
    issuer: Annotated[str, Field(description="origin of every address, such as https://host")]
    proxies: Annotated[
        str,
        Field(
            description="addresses or networks of the reverse proxies before us, with commas "
            "between: what they say of callers is believed"
        ),
    ] = "127.0.0.1"
    mtls: MtlsSettings | None = None
    passkeys: PasskeySettings | None = None
    keys: KeySettings
    limits: LimitSettings = LimitSettings()
    egress: EgressSettings = EgressSettings()
    s3: S3Settings | None = None
    postgresql: PostgresqlSettings | None = None
    registry: RegistrySettings | None = None
    witnesses: WitnessSettings | None = None
    logs: Annotated[
        int | None,
        Field(ge=1, le=MAX_LOGS, description="logs of a new deployment; fixed for good"),
    ] = None
    suite: Annotated[
        int, Field(ge=1, le=2, description="envelope of a new deployment: 1 AES, 2 SM4")
    ] = 1
    use_receipt_days: Annotated[
        int,
        Field(ge=1, le=366, description="days within which a department says what it used"),
    ] = 30
    demand_days: Annotated[
        int,
        Field(ge=1, le=60, description="days within which a department answers a holder"),
    ] = 15
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

    @field_validator("proxies")
    @classmethod
    def _proxies_are_named(cls, value: str) -> str:
        named = [part.strip() for part in value.split(",") if part.strip()]
        try:
            networks = [ip_network(part) for part in named]
        except ValueError as error:
            raise ValueError("proxies are addresses or networks, commas between them") from error
        if not all(network.prefixlen for network in networks):
            raise ValueError("if everybody is a proxy, everybody chooses an address to come from")
        return ",".join(named)

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
    def publishes_to(self) -> Path:
        """The folder of the published checkpoints."""
        return self.published or self.data / "published"

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
