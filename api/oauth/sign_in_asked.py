"""How strongly and how freshly the holder must have signed in, as a request may ask for it.

``acr_values`` names levels that will do, in the order of preference; ``claims`` can make one of
them essential (OpenID Connect Core 1.0 s. 3.1.2.1, 5.5.1.1). What is not essential is met as far
as the holder can; what is, ends in ``unmet_authentication_requirements`` where they cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.oauth.claims import asked_acr
from api.oauth.errors import FaultError, Say
from vault.clients.levels import AAL1, LEVELS, rank


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
    named, essential = asked_acr(params.get("claims", ""))
    if not essential:  # A wish: what of it is unknown is ignored.
        named = tuple(one for one in named if one in LEVELS)
    values = named or tuple(params.get("acr_values", "").split())
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
