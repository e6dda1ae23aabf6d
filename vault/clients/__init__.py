"""A department's registered system: what it may ask for, and with which keys it proves itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from policies.scopes import View
from vault.clients.metadata import ClientMetadata
from vault.ids import ClientId, DepartmentId


class Profile(StrEnum):
    """Security profile, fixed at approval (oauth.md 1)."""

    FAPI2 = "fapi2"
    FAPI2_MS = "fapi2_ms"
    COUNTER = "counter"
    KIOSK = "kiosk"
    RS = "rs"


class ClientStatus(StrEnum):
    """Only an active client is let in."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A confidential OAuth client; its keys are registered by value.

    Attributes:
        jwks: Public JSON Web Keys (RFC 7517), as a canonical JSON text ``{"keys": […]}``.
        redirect_uris: Exact strings.
        grant_types: Of those that the profile has.
        scopes: Registry scopes: ``registry:read``, ``records:write``, ``cases:write``.
        evidence: Evidence code → highest view that the client may ask for.
        issue_codes: Evidence codes that the client may deposit.
        service_items: Items that the client may ask evidence for.
        metadata: The rest of what it says of itself.
    """

    client_id: ClientId
    department_id: DepartmentId
    name_zh: str
    name_en: str
    profile: Profile
    status: ClientStatus
    jwks: str
    redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    scopes: frozenset[str]
    evidence: Mapping[str, View]
    issue_codes: frozenset[str]
    service_items: frozenset[str]
    version: int
    metadata: ClientMetadata = field(default_factory=ClientMetadata)
