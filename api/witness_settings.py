"""Which witnesses must have seen what, before it leaves."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from policies.scopes import GROUPS


class WitnessSettings(BaseModel):
    """Independent witnesses of the log (docs/operations/witness.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy_file: Annotated[
        Path, Field(description="witnesses and their quorum, in the form of C2SP tlog-policy")
    ]
    groups: Annotated[
        str,
        Field(description="evidence groups whose full view leaves only witnessed, with commas"),
    ] = "credit"
    every_seconds: Annotated[
        int, Field(ge=1, le=3600, description="seconds between two rounds to the witnesses")
    ] = 10
    every_entries: Annotated[
        int, Field(ge=1, le=1_000_000, description="entries after which a round comes earlier")
    ] = 1000

    @field_validator("groups")
    @classmethod
    def _groups_are_of_the_catalogue(cls, value: str) -> str:
        named = {one.strip() for one in value.split(",") if one.strip()}
        if not named <= set(GROUPS):
            raise ValueError(f"the groups of the catalogue are {', '.join(GROUPS)}")
        return ",".join(sorted(named))

    @property
    def named(self) -> frozenset[str]:
        """Return the groups."""
        return frozenset(filter(None, self.groups.split(",")))
