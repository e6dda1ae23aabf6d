"""The parameter ``claims`` (OpenID Connect Core 5.5), read at PAR.

What the server always says (``acr``, ``auth_time``) or never says needs no remembering, and
claims that nobody knows are ignored, as the standard has it. An essential ``acr`` is a demand.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from api.oauth.jose import parse_json

MAX_CHARACTERS: Final = 4096


def essential_acr(text: str) -> tuple[str, ...]:
    """Return the levels of which the sign-in must have one; empty where any will do.

    Args:
        text: The parameter, or an empty string.

    Raises:
        FaultError: ``invalid_request``: it is no such object.
    """
    acr = _member(_member(_read(text), "id_token"), "acr")
    if acr.get("essential") is not True:
        return ()
    named = acr.get("values", [acr["value"]] if "value" in acr else [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise FaultError(Say.CLAIMS)
    return tuple(named)


def _read(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        found = parse_json(text) if len(text) <= MAX_CHARACTERS else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise FaultError(Say.CLAIMS)
    for name in ("id_token", "userinfo"):
        for one in _member(found, name):
            _member(_member(found, name), one)
    return found


def _member(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object; ``null`` asks without saying more."""
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FaultError(Say.CLAIMS)
    return value
