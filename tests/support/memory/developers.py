"""Appointments in memory."""

from tests.support.memory.rows import Rows, follows
from vault.clients.developers import Appointment
from vault.errors import ConflictError
from vault.ids import Space


class MemoryDevelopers:
    """Implements ``vault.ports.Developers``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of_person(self, space: Space) -> tuple[Appointment, ...]:
        found = (one for one in self._rows.developers.values() if one.space == space)
        return tuple(sorted(found, key=lambda one: one.appointment_id))

    def add(self, appointment: Appointment) -> None:
        theirs = self.of_person(appointment.space)
        if any(one.department_id == appointment.department_id for one in theirs):
            raise ConflictError("the row is there already")
        self._rows.developers.add(appointment.appointment_id, appointment)

    def replace(self, appointment: Appointment, *, expected: int) -> None:
        found = self._rows.developers.get(appointment.appointment_id)
        follows(found, new=appointment, expected=expected)
        self._rows.developers[appointment.appointment_id] = appointment
