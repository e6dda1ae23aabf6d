"""What is about to be read, named beforehand: a database at a distance is then asked once."""

from vault.consents import Consent
from vault.ids import DepartmentId
from vault.ports import Tx
from vault.records import RecordHead


def foresee_pull(tx: Tx, consent: Consent, *, code: str, department_id: DepartmentId) -> None:
    """Name what a pull reads of a space, whatever it finds there."""
    space = consent.space

    def reads(ahead: Tx) -> None:
        ahead.holders.get(space)
        ahead.consents.uses(space, grant_id=consent.grant_id)
        ahead.records.heads_of_code(space, code=code)
        ahead.cases.get(space, case_no=consent.case_no)
        ahead.policies.active()
        ahead.holders.keys(space)
        ahead.departments.tag_key(department_id)

    tx.foresee(reads)


def foresee_record(tx: Tx, head: RecordHead) -> None:
    """Name what is read of a record that was found."""

    def reads(ahead: Tx) -> None:
        ahead.records.version(head.ref)
        ahead.departments.get(head.department_id)

    tx.foresee(reads)
