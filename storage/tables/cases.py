"""Cases, and what holders are told."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    among,
    checks,
    id_column,
    long_column,
    optional_hash,
    optional_long,
    part_of_key,
    text_column,
)
from vault.cases import CaseState
from vault.notices import NoticeKind


class CaseRow(SQLModel, table=True):
    """A case. **Guarded**: written by journal operations only. ``case`` is a word of SQL."""

    __tablename__ = "service_case"
    __table_args__ = (
        UniqueConstraint("case_no", name="uq_service_case_case_no"),
        *checks("service_case", state=among("state", values=CaseState), version="version >= 1"),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    case_no: str = text_column(key=True)
    department_id: bytes = id_column()
    item: str = text_column()
    state: str = text_column()
    opened_at_ms: int = long_column()
    version: int
    mac: bytes | None = optional_hash()


class NoticeRow(SQLModel, table=True):
    """Points at the entry that tells what happened."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_at_ms", "log_id", "holder_id", "at_ms"),
        *checks("notice", kind=among("kind", values=NoticeKind)),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    notice_id: bytes = id_column(key=True)
    kind: str = text_column()
    entry_id: bytes = id_column()
    at_ms: int = long_column()
    read_at_ms: int | None = optional_long()
