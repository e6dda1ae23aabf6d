"""Organisations that issue and request: who they are, and whether they may act."""

from dataclasses import dataclass
from enum import StrEnum

from vault.ids import DepartmentId


class DepartmentStatus(StrEnum):
    """Only an active department reaches anything."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department as registered by the operator; every field is public.

    Attributes:
        code: Unified social credit code (GB 32100).
        contact: How a holder reaches it.
        privacy_officer: Whom a holder asks about personal data (PIPL 17, 52).
    """

    department_id: DepartmentId
    code: str
    name_zh: str
    name_en: str
    contact: str
    privacy_officer: str
    status: DepartmentStatus
    version: int
