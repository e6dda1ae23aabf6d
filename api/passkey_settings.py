"""Which makers of security keys are trusted."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class PasskeySettings(BaseModel):
    """Passkeys (docs/operations/passkeys.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    makers_file: Annotated[
        Path | None,
        Field(description="PEM list of the roots of makers of security keys; read once"),
    ] = None
