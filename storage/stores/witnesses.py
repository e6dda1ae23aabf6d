"""What witnesses have signed."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text

from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.journal import WitnessStateRow
from vault.ports.witnesses import WitnessState

_STATE: Final = table_of(WitnessStateRow)
_OF_LOG: Final = Prepared(select(_STATE).where(keyed(_STATE, "log_id")).order_by(_STATE.c.witness))
# SQLAlchemy has no such statement for every database; this text is good for both of ours.
_KEEP: Final = Prepared(
    text(
        "INSERT INTO witness_state (log_id, witness, size, note, at_ms, trouble)"
        " VALUES (:log_id, :witness, :size, :note, :at_ms, :trouble)"
        " ON CONFLICT (log_id, witness) DO UPDATE SET size = excluded.size,"
        " note = excluded.note, at_ms = excluded.at_ms, trouble = excluded.trouble"
        " WHERE witness_state.size <= excluded.size"
    )
)


class SqlWitnesses:
    """Implements ``vault.ports.WitnessStates``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def of_log(self, log_id: int) -> Sequence[WitnessState]:
        """Return what is known of each, in the order of their names."""
        return [
            WitnessState(witness=witness, size=size, note=note, at_ms=at_ms, trouble=trouble)
            for _, witness, size, note, at_ms, trouble in _OF_LOG.all(self._driver, log_id=log_id)
        ]

    def keep(self, log_id: int, state: WitnessState) -> None:
        """Write what is known of one; a smaller size than is there changes nothing."""
        _KEEP.change(
            self._driver,
            log_id=log_id,
            witness=state.witness,
            size=state.size,
            note=state.note,
            at_ms=state.at_ms,
            trouble=state.trouble,
        )
