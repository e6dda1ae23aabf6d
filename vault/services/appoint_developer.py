"""The operator says who builds a department's systems, and who does not any more."""

from collections.abc import Callable
from dataclasses import replace

from vault.clients.developers import Appointment, AppointmentStatus
from vault.errors import ConflictError, NotFoundError
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, DepartmentId, Space
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def appoint_developer(vault: Vault, number: Identifier, *, department_id: DepartmentId) -> Receipt:
    """Let somebody who has a space see a department's registrations and refusals.

    Raises:
        NotFoundError: The number has no space, or there is no such department.
        ConflictError: They are appointed already.
        JournalUnavailableError: Not known to be appointed: ask again.
    """
    space, before = _found(vault, number, department_id=department_id)
    if before is None:
        fresh = Appointment(
            space=space,
            appointment_id=vault.random(ID_BYTES),
            department_id=department_id,
            status=AppointmentStatus.ACTIVE,
            version=1,
        )
        return _written(
            vault,
            fresh,
            before=None,
            kind=Kind.DEVELOPER_APPOINT,
            effect=lambda tx, _at_ms: tx.developers.add(fresh),
        )
    return _moved(vault, before, after=AppointmentStatus.ACTIVE, kind=Kind.DEVELOPER_APPOINT)


def dismiss_developer(vault: Vault, number: Identifier, *, department_id: DepartmentId) -> Receipt:
    """Let somebody see nothing of a department any more.

    Raises:
        NotFoundError: They were never appointed.
        ConflictError: They are dismissed already.
        JournalUnavailableError: Not known to be dismissed: ask again.
    """
    _, before = _found(vault, number, department_id=department_id)
    if before is None:
        raise NotFoundError("no such appointment")
    return _moved(vault, before, after=AppointmentStatus.ENDED, kind=Kind.DEVELOPER_DISMISS)


def developed_departments(tx: Tx, space: Space) -> frozenset[DepartmentId]:
    """Return the departments whose systems somebody builds now."""
    found = tx.developers.of_person(space)
    return frozenset(one.department_id for one in found if one.status is AppointmentStatus.ACTIVE)


def _found(
    vault: Vault, number: Identifier, *, department_id: DepartmentId
) -> tuple[Space, Appointment | None]:
    index = vault.numbers.of(number)[0]
    with vault.read() as tx:
        space = tx.holders.find(index.kind, index.index)
        if space is None:
            raise NotFoundError("the number has no space")
        if tx.departments.get(department_id) is None:
            raise NotFoundError("no such department")
        theirs = tx.developers.of_person(space)
    return space, next((one for one in theirs if one.department_id == department_id), None)


def _moved(vault: Vault, before: Appointment, *, after: AppointmentStatus, kind: Kind) -> Receipt:
    if before.status is after:
        raise ConflictError(f"the appointment is {after.value} already")
    changed = replace(before, status=after, version=before.version + 1)
    return _written(
        vault,
        changed,
        before=before,
        kind=kind,
        effect=lambda tx, _at_ms: tx.developers.replace(changed, expected=before.version),
    )


def _written(
    vault: Vault,
    changed: Appointment,
    *,
    before: Appointment | None,
    kind: Kind,
    effect: Callable[[Tx, int], None],
) -> Receipt:
    return operate(
        vault,
        kind=kind,
        change=StateChange(
            object=Guarded.DEVELOPER.value,
            id=changed.appointment_id.hex(),
            came_from=None if before is None else before.status.value,
            became=changed.status.value,
            version=changed.version,
        ),
        effect=effect,
        by=By(department=changed.department_id),
        urgency=Urgency.NORMAL
        if changed.status is AppointmentStatus.ACTIVE
        else Urgency.TAKES_AWAY,
    )
