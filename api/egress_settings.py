"""Where calls to clients may go, as far as it is not public."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class EgressSettings(BaseModel):
    """Calls to addresses that clients registered (docs/operations/clients.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    networks: Annotated[
        str | None, Field(description="networks to call though not public, commas between")
    ] = None
    ports: Annotated[
        str | None, Field(description="ports to call besides 443, commas between")
    ] = None
    ca_file: Annotated[
        Path | None, Field(description="certificate authorities (PEM), not the machine's")
    ] = None

    @field_validator("networks", "ports")
    @classmethod
    def _are_what_they_say(cls, value: str | None, info: ValidationInfo) -> str | None:
        for part in filter(None, map(str.strip, (value or "").split(","))):
            if info.field_name == "networks":
                ip_network(part)
            elif not part.isdecimal() or int(part) not in range(1, 65536):
                raise ValueError("a port is a number from 1 to 65535")
        return value
