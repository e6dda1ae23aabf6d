"""Use-receipts: what departments owe for what they pulled."""

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
from vault.use_receipts import UseState


class UseReceiptRow(SQLModel, table=True):
    """Where a department's duty about one pull stands. Days count from 1970-01-01."""

    __tablename__ = "use_receipt"
    __table_args__ = (
        Index("ix_use_receipt_due", "department_id", "state", "due_at_ms", "entry_id"),
        Index("ix_use_receipt_entry", "department_id", "entry_id"),
        *checks(
            "use_receipt",
            state=among("state", values=UseState),
            kept="(kept_until IS NULL) = (state <> 'used')",
            filed="(filed_entry IS NULL) = (state = 'owed')",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    entry_id: bytes = id_column(key=True)
    department_id: bytes = id_column()
    pulled_at_ms: int = long_column()
    due_at_ms: int = long_column()
    keep_at_most: int = long_column()
    state: str = text_column()
    kept_until: int | None = optional_long()
    filed_at_ms: int | None = optional_long()
    filed_entry: bytes | None = optional_id()
