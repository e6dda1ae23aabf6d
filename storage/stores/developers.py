"""Who builds the systems of which department."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row
from storage.tables.columns import table_of
from storage.tables.developers import DeveloperRow
from vault.clients.developers import Appointment, AppointmentStatus
from vault.ids import DepartmentId, HolderId, Space

_DEVELOPER: Final = table_of(DeveloperRow)
_GUARDED: Final = GUARDED[_DEVELOPER.name]
_KEY: Final = ("log_id", "holder_id", "appointment_id")

_OF_PERSON: Final = Prepared(
    select(_DEVELOPER)
    .where(keyed(_DEVELOPER, "log_id", "holder_id"))
    .order_by(_DEVELOPER.c.appointment_id)
)
_ADD: Final = Prepared(insert(_DEVELOPER))
_REPLACE: Final = Prepared(
    update(_DEVELOPER).where(at_version(_DEVELOPER, *_KEY)).values(**but_key(_DEVELOPER))
)


class SqlDevelopers:
    """Implements ``vault.ports.Developers``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def of_person(self, space: Space) -> tuple[Appointment, ...]:
        """Return every appointment of a person, ended ones too."""
        return tuple(map(self._read, _OF_PERSON.all(self._driver, **space._asdict())))

    def add(self, appointment: Appointment) -> None:
        """Write a new appointment; ``ConflictError`` where the person has one there."""
        _ADD.change(self._driver, **self._sealed(appointment))

    def replace(self, appointment: Appointment, *, expected: int) -> None:
        """Write the version of an appointment that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(appointment), expected=expected)

    def _read(self, row: Row) -> Appointment:
        return _appointment(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, appointment: Appointment) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(appointment))


def _row(appointment: Appointment) -> dict[str, object]:
    return {
        **appointment.space._asdict(),
        "appointment_id": appointment.appointment_id,
        "department_id": appointment.department_id,
        "status": appointment.status.value,
        "version": appointment.version,
    }


def _appointment(row: Row) -> Appointment:
    log_id, holder_id, appointment_id, department_id, status, version = row
    return Appointment(
        space=Space(log_id, HolderId(holder_id)),
        appointment_id=appointment_id,
        department_id=DepartmentId(department_id),
        status=AppointmentStatus(status),
        version=version,
    )
