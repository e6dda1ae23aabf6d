"""The person or organisation whose space it is.

The row knows ids, kind and state. Name, number and contact are one sealed object
(``HolderProfile``), found again only through the blind index of the number.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from vault.errors import IntegrityError
from vault.identifiers import IdentifierKind
from vault.ids import Space


class HolderKind(StrEnum):
    """自然人 or 法人."""

    PERSON = "person"
    ORGANISATION = "organisation"


class HolderState(StrEnum):
    """Erased holders keep their row, so that nothing can be put into the space again."""

    ACTIVE = "active"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A holder as the database knows it.

    Attributes:
        version: Raised by one with every change; decisions name the version they read.
        profile: ``HolderProfile`` sealed under the holder data key.
        created_at_ms: UTC milliseconds.
    """

    space: Space
    kind: HolderKind
    state: HolderState
    version: int
    profile: bytes = field(repr=False)
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HolderProfile:
    """What the vault knows of a holder in plain; opened for the holder alone.

    Attributes:
        name: As the issuer wrote it; empty until one did.
        number_kind: Kind of the identifying number.
        number: Its strict value (GB 11643, GB 32100, …).
        contact: Mobile in E.164 or mail address for one-time codes; empty if none is known.
    """

    name: str
    number_kind: IdentifierKind
    number: str
    contact: str

    def to_bytes(self) -> bytes:
        """Return canonical JSON, ready to be sealed."""
        plain = {
            "contact": self.contact,
            "kind": self.number_kind.value,
            "name": self.name,
            "number": self.number,
        }
        return json.dumps(
            plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode()

    @classmethod
    def from_bytes(cls, plain: bytes) -> Self:
        """Return the profile that ``to_bytes`` made.

        Raises:
            IntegrityError: The bytes are something else.
        """
        try:
            found = json.loads(plain)
            return cls(
                name=found["name"],
                number_kind=IdentifierKind(found["kind"]),
                number=found["number"],
                contact=found["contact"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("a holder's profile is malformed") from error
