"""Enters a developer's system at once: with the rights that its department's items need."""

import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from policies.departments import departments
from policies.scopes import REGISTRY_SCOPES, View
from scripts.client_file import MAX_PLACE_CHARACTERS
from scripts.demo_clients import FAPI2_LEVEL, rights_of
from scripts.registering import register
from vault.clients import Profile
from vault.clients.profiles import (
    AUTHORIZATION_CODE,
    CIBA,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
)
from vault.errors import InvalidInputError
from vault.services import Vault

DEPARTMENT: Final = "11110105PDY001012C"
"""Whose system it is unless another is named: market regulation, with items of every kind."""
ID_BYTES: Final = 4
HIGHEST_LEVEL: Final = 4

_CODE: Final = (AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN)
_FLOWS: Final = {
    Profile.FAPI2: _CODE,
    Profile.FAPI2_MS: _CODE,
    Profile.COUNTER: (CIBA, REFRESH_TOKEN),
    Profile.KIOSK: (DEVICE_CODE,),
}


class Newcomer(BaseModel):
    """A system that wants to be let in.

    Attributes:
        jwks: Its public keys, by value (RFC 7517).
        department: Unified social credit code of a synthetic department.
        redirect_uris: Where answers go; ``http`` is taken on loopback.
        location: Where a kiosk or counter stands, as holders are shown it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    jwks: dict[str, Any]
    department: str = Field(default=DEPARTMENT, max_length=18)
    profile: Profile = Profile.FAPI2
    redirect_uris: tuple[str, ...] = Field(default=(), max_length=10)
    location: str = Field(default="", max_length=MAX_PLACE_CHARACTERS)


def let_in(vault: Vault, newcomer: Newcomer) -> dict[str, Any]:
    """Register ``newcomer``, active from now on; return its registration with its ``client_id``.

    Raises:
        InvalidInputError: There is no such department, or the profile does not allow it.
        JournalUnavailableError: It was not entered.
    """
    if newcomer.department not in departments() or newcomer.profile not in _FLOWS:
        raise InvalidInputError("the sandbox knows no such system", field="department")
    signed = newcomer.profile is Profile.FAPI2_MS
    rights = rights_of(newcomer.department, level=HIGHEST_LEVEL if signed else FAPI2_LEVEL)
    flows = _FLOWS[newcomer.profile]
    described = {
        "client_id": f"sandbox-{vault.random(ID_BYTES).hex()}",
        "department": newcomer.department,
        "name_zh": "沙盒里的业务系统",
        "name_en": "A system in the sandbox",
        "profile": newcomer.profile.value,
        "jwks": newcomer.jwks,
        "redirect_uris": list(newcomer.redirect_uris),
        "location": newcomer.location,
        "grant_types": list(flows),
        "scopes": sorted(REGISTRY_SCOPES) if CLIENT_CREDENTIALS in flows else [],
        "evidence": {
            code: _shown(view, newcomer.profile).label for code, view in rights.evidence.items()
        },
        "issue_codes": sorted(rights.issue_codes) if CLIENT_CREDENTIALS in flows else [],
        "service_items": sorted(rights.service_items),
    }
    register(vault, json.dumps(described), demo=True)
    return described


def _shown(view: View, profile: Profile) -> View:
    """Return the highest view for a profile: a kiosk shows nobody a whole document."""
    return min(view, View.SUMMARY) if profile is Profile.KIOSK else view
