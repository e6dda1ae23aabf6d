"""Who builds the systems of which department."""

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    among,
    checks,
    id_column,
    optional_hash,
    part_of_key,
    text_column,
)
from vault.clients.developers import AppointmentStatus


class DeveloperRow(SQLModel, table=True):
    """An appointment. **Guarded**: written by journal operations only."""

    __tablename__ = "developer"
    __table_args__ = (
        UniqueConstraint("log_id", "holder_id", "department_id", name="uq_developer_department"),
        *checks(
            "developer",
            status=among("status", values=AppointmentStatus),
            version="version >= 1",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    appointment_id: bytes = id_column(key=True)
    department_id: bytes = id_column()
    status: str = text_column()
    version: int
    mac: bytes | None = optional_hash()
