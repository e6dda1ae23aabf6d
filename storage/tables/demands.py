"""Demands of holders."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.tables.columns import (
    among,
    checks,
    id_column,
    long_column,
    optional_id,
    optional_long,
    part_of_key,
    text_column,
)
from vault.demands import DemandKind, DemandState


class DemandRow(SQLModel, table=True):
    """Where a demand of a holder stands."""

    __tablename__ = "demand"
    __table_args__ = (
        Index("ix_demand_about", "log_id", "holder_id", "about"),
        Index("ix_demand_due", "department_id", "state", "due_at_ms", "demand_id"),
        Index("ix_demand_id", "demand_id"),
        Index("ix_demand_kind", "kind", "state", "due_at_ms"),
        *checks(
            "demand",
            kind=among("kind", values=DemandKind),
            state=among("state", values=DemandState),
            answered="(answer_entry IS NULL) = (state = 'open')",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    demand_id: bytes = id_column(key=True)
    about: bytes = id_column()
    department_id: bytes = id_column()
    kind: str = text_column()
    asked_at_ms: int = long_column()
    due_at_ms: int = long_column()
    state: str = text_column()
    answered_at_ms: int | None = optional_long()
    answer_entry: bytes | None = optional_id()
