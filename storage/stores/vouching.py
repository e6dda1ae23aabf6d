"""Compares a row with the state row of its holder, where no entry follows that would do so."""

from typing import Final

from sqlalchemy import select

from storage.row_macs import GuardedTable, Row, StateRow, row_name
from storage.row_versions import Versions
from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.journal import GuardedStateRow
from vault.errors import IntegrityError

_STATE: Final = table_of(GuardedStateRow)
_GET: Final = Prepared(select(_STATE).where(keyed(_STATE, "log_id", "owner_id")))


def vouched(driver: Driver, table: GuardedTable, row: Row) -> None:
    """Check that a holder's row, whose hash holds, is not an older one.

    Raises:
        IntegrityError: The state row lists another version, or does not hold itself.
    """
    if driver.guard.compares:
        return
    log_id, holder_id = row[:2]
    found = _GET.one(driver, log_id=log_id, owner_id=holder_id)
    if found is None:
        raise IntegrityError("the state row of an owner is gone")
    *values, mac = found
    state = driver.guard.macs.checked_state(StateRow(*values), mac)
    if Versions(state.versions).get(row_name(table.name, table.key_of(row))) != row[table.version]:
        raise IntegrityError("a guarded row is older than the journal knows it")
