"""What a caller has to hold for a code or token to be of any use (``cnf``, RFC 7800 s. 3.1)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

_MARK: Final = ":"


class Holding(StrEnum):
    """What is held, by the name of its member in ``cnf``."""

    KEY = "jkt"
    """The key of a DPoP proof (RFC 9449 s. 6.1)."""

    CERTIFICATE = "x5t#S256"
    """The private key of a certificate that TLS has seen (RFC 8705 s. 3.1)."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One key or certificate, by its thumbprint.

    Attributes:
        holding: Which of the two.
        thumbprint: SHA-256, base64url, 43 characters (RFC 7638; RFC 8705 s. 3.1).
    """

    holding: Holding
    thumbprint: str

    @classmethod
    def key(cls, jkt: str) -> Self:
        """Return the confirmation by a key."""
        return cls(Holding.KEY, jkt)

    @classmethod
    def certificate(cls, x5t: str) -> Self:
        """Return the confirmation by a certificate."""
        return cls(Holding.CERTIFICATE, x5t)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the confirmation that ``text`` wrote."""
        holding, mark, thumbprint = text.rpartition(_MARK)
        return cls(Holding(holding) if mark else Holding.KEY, thumbprint)

    @property
    def text(self) -> str:
        """How it is stored: a key as its bare thumbprint, anything else with its name before.

        Programs that knew keys alone compare the text with a bare thumbprint, and refuse.
        """
        if self.holding is Holding.KEY:
            return self.thumbprint
        return f"{self.holding.value}{_MARK}{self.thumbprint}"

    @property
    def token_type(self) -> str:
        """How a token that is bound so is used (RFC 9449 s. 5, RFC 8705 s. 3)."""
        return "DPoP" if self.holding is Holding.KEY else "Bearer"

    def to_json(self) -> dict[str, str]:
        """Return the value of ``cnf``."""
        return {self.holding.value: self.thumbprint}
