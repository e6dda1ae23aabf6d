"""Accepted parameters, and what they say of the sign-in: the same at PAR, a kiosk, a counter."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.consent_page import LOCALES
from api.oauth.granted import identity, offline
from api.oauth.sign_in_asked import LevelAsked, level_asked
from vault.services.acting import FRESH_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Parameters of a request that was accepted.

    Attributes:
        params: As they came.
    """

    params: Mapping[str, str] = field(repr=False)

    @property
    def prompts(self) -> frozenset[str]:
        """Values of ``prompt`` (OpenID Connect Core 3.1.2.1)."""
        return frozenset(self.params.get("prompt", "").split())

    @property
    def offline(self) -> bool:
        """Whether a refresh token is asked for."""
        return offline(self.params.get("scope", ""))

    @property
    def identity(self) -> frozenset[str]:
        """Scopes that ask who signed in."""
        return identity(self.params.get("scope", ""))

    @property
    def max_age(self) -> int:
        """How old the sign-in may be, seconds."""
        return min(FRESH_SECONDS, int(self.params.get("max_age", FRESH_SECONDS)))

    @property
    def level(self) -> LevelAsked:
        """How strongly the holder should sign in."""
        return level_asked(self.params)

    @property
    def locale(self) -> str:
        """The first of the languages asked for that there is, or the default."""
        for tag in self.params.get("ui_locales", "").split():
            for locale in LOCALES:
                if tag.lower().split("-")[0] == locale.lower().split("-")[0]:
                    return locale
        return LOCALES[0]
