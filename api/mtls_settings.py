"""Client certificates, and where they are asked for."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class MtlsSettings(BaseModel):
    """Client certificates (RFC 8705), at a host of their own (docs/operations/mtls.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alias: Annotated[
        str,
        Field(description="origin at which the proxies ask for client certificates, https://host"),
    ]
    authorities_file: Annotated[
        Path | None,
        Field(description="PEM list of the authorities that issue to departments; read once"),
    ] = None

    @field_validator("alias")
    @classmethod
    def _alias_is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or value != f"https://{parts.netloc}" or "@" in parts.netloc:
            raise ValueError("the alias is an https origin: scheme, host and port, nothing else")
        return value
