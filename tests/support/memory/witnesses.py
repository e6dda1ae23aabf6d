"""What witnesses have signed, in memory."""

from collections.abc import Sequence

from tests.support.memory.rows import Rows
from vault.ports.witnesses import WitnessState


class MemoryWitnesses:
    """Implements ``vault.ports.WitnessStates``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of_log(self, log_id: int) -> Sequence[WitnessState]:
        found = [one for (of, _), one in self._rows.witnesses.items() if of == log_id]
        return sorted(found, key=lambda one: one.witness)

    def keep(self, log_id: int, state: WitnessState) -> None:
        known = self._rows.witnesses.get((log_id, state.witness))
        if known is None or known.size <= state.size:
            self._rows.witnesses[log_id, state.witness] = state
