"""The holder's grant to one client: the consent is the OAuth grant, one row, id and state."""

from dataclasses import dataclass, field
from enum import StrEnum

from vault.consents.details import Details
from vault.errors import InvalidInputError
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    MandateId,
    Space,
)


class ConsentStatus(StrEnum):
    """Only an active consent releases anything. Expiry is judged by time, not stored."""

    ACTIVE = "active"
    PAUSED = "paused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent (oauth.md 4, ``oauth_grant``).

    Attributes:
        version: Raised by one with every change; decisions name the version they read.
        details: What was granted, after every narrowing.
        note: The department's own words why, sealed (context ``protocol``).
        shown_hash: SHA-256 of the text the holder decided on, 32 bytes.
        shown_locale: ``zh-CN`` or ``en``.
        created_at_ms, expires_at_ms, ended_at_ms: UTC milliseconds.
        state_entry: Entry that brought it to this version.
        parent_id, mandate_id: Of a grant that an agent firm got for its own system (RFC 8693):
            the consent that it is a part of, and the mandate that it is under.
    """

    space: Space
    grant_id: GrantId
    client_id: ClientId
    department_id: DepartmentId
    status: ConsentStatus
    version: int
    details: Details
    note: bytes = field(repr=False)
    purpose: str
    item: str
    case_no: CaseNumber
    shown_hash: bytes = field(repr=False)
    shown_locale: str
    created_at_ms: int
    expires_at_ms: int
    ended_at_ms: int | None
    state_entry: EntryId
    parent_id: GrantId | None = None
    mandate_id: MandateId | None = None

    def __post_init__(self) -> None:
        """Hold that a part of a consent names its mandate, and nothing else does."""
        if (self.parent_id is None) != (self.mandate_id is None):
            raise InvalidInputError("a part of a consent is under a mandate", field="mandate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How often one evidence type of a consent was released.

    Attributes:
        limit: How often it may be; ``None`` is as often as the case needs.
    """

    space: Space
    grant_id: GrantId
    code: str
    used: int
    limit: int | None


def unused(consent: Consent) -> tuple[Use, ...]:
    """Return the counters of a consent under which nothing was released yet."""
    space, grant_id, limit = consent.space, consent.grant_id, consent.details.uses
    return tuple(
        Use(space=space, grant_id=grant_id, code=code, used=0, limit=limit)
        for code in sorted(consent.details.evidence)
    )
