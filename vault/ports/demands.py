"""Demands of holders, by the pull that they are about and by department."""

from typing import Protocol

from vault.demands import Demand
from vault.ids import DepartmentId, EntryId, Space


class Demands(Protocol):
    """Demands of holders."""

    def about(self, space: Space, *, entry_id: EntryId) -> tuple[Demand, ...]:
        """Return the demands about a pull, oldest first."""

    def found(self, department_id: DepartmentId, *, demand_id: EntryId) -> Demand | None:
        """Return a demand that was put to a department, no complaint; or ``None``."""

    def complaint(self, demand_id: EntryId) -> Demand | None:
        """Return a complaint, or ``None``."""

    def complaints(self, *, limit: int) -> tuple[Demand, ...]:
        """Return the complaints that nobody has answered, by when they are due."""

    def add(self, demand: Demand) -> None:
        """Write a new one."""

    def close(self, demand: Demand) -> None:
        """Write the answer of an open one; ``ConflictError`` where it is not open."""

    def open_of(
        self, department_id: DepartmentId, *, after: Demand | None, limit: int
    ) -> tuple[Demand, ...]:
        """Return what a department still has to answer, by when it is due, after ``after``."""
