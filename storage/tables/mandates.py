"""Mandates: who may act in whose space."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    among,
    bytes_column,
    checks,
    id_column,
    long_column,
    optional_hash,
    optional_id,
    optional_long,
    part_of_key,
    text_column,
)
from vault.mandates import MandateStatus


class MandateRow(SQLModel, table=True):
    """A link of a mandate. **Guarded**: written by journal operations only.

    ``log_id`` and ``holder_id`` are those of the space that it opens.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        UniqueConstraint("mandate_id", name="uq_mandate_mandate_id"),
        Index("ix_mandate_receiver_id", "receiver_log_id", "receiver_id"),
        *checks(
            "mandate",
            status=among("status", values=MandateStatus),
            version="version >= 1",
            ended_at_ms="(status = 'ended') = (ended_at_ms IS NOT NULL)",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    mandate_id: bytes = id_column(key=True)
    giver_log_id: int
    giver_id: bytes = id_column()
    receiver_log_id: int
    receiver_id: bytes = id_column()
    parent_id: bytes | None = optional_id()
    status: str = text_column()
    version: int
    powers: str = text_column()
    label: bytes = bytes_column()
    created_at_ms: int = long_column()
    ended_at_ms: int | None = optional_long()
    state_entry: bytes = id_column()
    mac: bytes | None = optional_hash()
