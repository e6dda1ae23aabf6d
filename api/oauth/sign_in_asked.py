"""How strongly and how freshly the holder must have signed in, as a request may ask for it.

``acr_values`` names levels that will do, in the order of preference; ``claims`` can make one of
them essential (OpenID Connect Core 1.0 s. 3.1.2.1, 5.5.1.1). What is not essential is met as far
as the holder can; what is, ends in ``unmet_authentication_requirements`` where they cannot.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.oauth.errors import FaultError, Say
from vault.clients.levels import AAL1, LEVELS, rank

MAX_CLAIMS_CHARACTERS: Final = 4096

_ACR_MEMBERS: Final = frozenset({"essential", "value", "values"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAsked:
    """The weakest level that will do.

    Attributes:
        essential: Nothing weaker will, whoever the holder is.
    """

    acr: str = AAL1
    essential: bool = False

    def goal(self, *, best: str) -> str:
        """Return the level to be reached by a holder who can reach ``best``."""
        if self.essential:
            return self.acr
        return min(self.acr, best, key=rank)


def level_asked(params: Mapping[str, str]) -> LevelAsked:
    """Return the level that a request asks for.

    Raises:
        FaultError: ``claims`` is malformed or asks for something else, or no such level exists.
    """
    values = params["acr_values"].split(" ") if "acr_values" in params else []
    essential = False
    if "claims" in params:
        named, essential = _claimed(params["claims"])
        values = named or values
    known = [one for one in values if one in LEVELS]
    if values and not known:
        raise FaultError(Say.ACR)
    return LevelAsked(acr=min(known, key=rank, default=AAL1), essential=essential)


def check_reachable(asked: LevelAsked, *, levels: Sequence[str]) -> None:
    """Refuse a level that nobody can sign in with here.

    Raises:
        FaultError: There is none that would do.
    """
    if rank(asked.acr) > len(levels):
        raise FaultError(Say.ACR)


def _claimed(text: str) -> tuple[list[str], bool]:
    """Return the values of the claim ``acr`` of the ID token, and whether it is essential.

    Other claims are not offered; leaving them out unsaid would change what was asked for.
    """
    try:
        found = json.loads(text) if len(text) <= MAX_CLAIMS_CHARACTERS else None
    except (ValueError, RecursionError) as error:
        raise FaultError(Say.CLAIMS) from error
    if not isinstance(found, dict) or set(found) != {"id_token"}:
        raise FaultError(Say.CLAIMS)
    claims = found["id_token"]
    if not isinstance(claims, dict) or set(claims) != {"acr"}:
        raise FaultError(Say.CLAIMS)
    acr = claims["acr"]
    if acr is None:
        return [], False
    if not isinstance(acr, dict) or not set(acr) <= _ACR_MEMBERS:
        raise FaultError(Say.CLAIMS)
    essential, values = acr.get("essential", False), acr.get("values", [])
    if not isinstance(essential, bool) or not isinstance(values, list):
        raise FaultError(Say.CLAIMS)
    named = [acr["value"], *values] if "value" in acr else values
    if not all(isinstance(one, str) for one in named):
        raise FaultError(Say.CLAIMS)
    return named, essential
