"""People who build a department's systems: they see its registrations, and why it was refused.

They sign in with their own number like anybody, and see nothing of anybody's space.
"""

from dataclasses import dataclass
from enum import StrEnum

from vault.ids import DepartmentId, Space


class AppointmentStatus(StrEnum):
    """Only an active appointment opens the pages of developers."""

    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Somebody is a developer of a department.

    Attributes:
        space: Of the person, by which the sign-in knows them.
        appointment_id: 16 random bytes; a person who is appointed again keeps it.
    """

    space: Space
    appointment_id: bytes
    department_id: DepartmentId
    status: AppointmentStatus
    version: int
