"""Demands in memory."""

from tests.support.memory.rows import Rows
from vault.demands import Demand, DemandKind, DemandState
from vault.errors import ConflictError
from vault.ids import DepartmentId, EntryId, Space


class MemoryDemands:
    """Implements ``vault.ports.Demands``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def about(self, space: Space, *, entry_id: EntryId) -> tuple[Demand, ...]:
        found = [d for d in self._rows.demands.values() if (d.space, d.about) == (space, entry_id)]
        return tuple(sorted(found, key=lambda one: (one.asked_at_ms, one.demand_id)))

    def found(self, department_id: DepartmentId, *, demand_id: EntryId) -> Demand | None:
        found = self._rows.demands.get(demand_id)
        if found is None or found.kind is DemandKind.COMPLAIN:
            return None
        return found if found.department_id == department_id else None

    def complaint(self, demand_id: EntryId) -> Demand | None:
        found = self._rows.demands.get(demand_id)
        return found if found is not None and found.kind is DemandKind.COMPLAIN else None

    def complaints(self, *, limit: int) -> tuple[Demand, ...]:
        found = (
            one
            for one in self._rows.demands.values()
            if (one.kind, one.state) == (DemandKind.COMPLAIN, DemandState.OPEN)
        )
        return tuple(sorted(found, key=_order)[:limit])

    def add(self, demand: Demand) -> None:
        self._rows.demands.add(demand.demand_id, demand)

    def close(self, demand: Demand) -> None:
        before = self._rows.demands.get(demand.demand_id)
        if before is None or before.state is not DemandState.OPEN:
            raise ConflictError("this was changed by somebody else; read it again")
        self._rows.demands[demand.demand_id] = demand

    def open_of(
        self, department_id: DepartmentId, *, after: Demand | None, limit: int
    ) -> tuple[Demand, ...]:
        theirs = sorted(
            (
                one
                for one in self._rows.demands.values()
                if (one.department_id, one.state) == (department_id, DemandState.OPEN)
                and one.kind is not DemandKind.COMPLAIN
            ),
            key=_order,
        )
        return tuple(one for one in theirs if after is None or _order(one) > _order(after))[:limit]


def _order(demand: Demand) -> tuple[int, bytes]:
    return demand.due_at_ms, demand.demand_id
