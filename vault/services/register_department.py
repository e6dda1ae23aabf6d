"""The operator enters a department, with a tag key of its own."""

from vault.departments import Department
from vault.errors import InvalidInputError
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate


def register_department(vault: Vault, department: Department) -> Receipt:
    """Enter ``department``, which must be a first version.

    Raises:
        ConflictError: Its code or id is there already.
        JournalUnavailableError: Nothing changed.
    """
    if department.version != 1:
        raise InvalidInputError("a new department starts at version 1", field="version")
    tag_key = vault.keyring.new_department_tag_key(department.department_id)

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.departments.add(department, tag_key=tag_key)

    return operate(
        vault,
        kind=Kind.CLIENT_DEPARTMENT,
        change=StateChange(
            object=Guarded.DEPARTMENT.value,
            id=department.department_id.hex(),
            became=department.status.value,
            version=department.version,
        ),
        effect=effect,
        by=By(department=department.department_id),
    )
