"""Departments and their registered clients: the same on every node, few, seldom changed."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    among,
    bytes_column,
    checks,
    id_column,
    optional_hash,
    optional_text,
    part_of_key,
    refers,
    text_column,
)
from storage.tables.holders import SUITES
from vault.clients import ClientStatus, Profile
from vault.crypto.keys import WrapState
from vault.departments import DepartmentStatus


class DepartmentRow(SQLModel, table=True):
    """A department. **Guarded**: written by journal operations only."""

    __tablename__ = "department"
    __table_args__ = (
        UniqueConstraint("code", name="uq_department_code"),
        *checks(
            "department",
            status=among("status", values=DepartmentStatus),
            version="version >= 1",
        ),
    )
    department_id: bytes = id_column(key=True)
    code: str = text_column()
    name_zh: str = text_column()
    name_en: str = text_column()
    contact: str = text_column()
    privacy_officer: str = text_column()
    status: str = text_column()
    version: int
    mac: bytes | None = optional_hash()


class DepartmentKeyRow(SQLModel, table=True):
    """The wrapped tag key of a department."""

    __tablename__ = "department_key"
    __table_args__ = (
        refers("department_key", ("department_id",), to="department"),
        *checks(
            "department_key",
            version="version >= 1",
            parent_version="parent_version >= 1",
            suite=SUITES,
            state=among("state", values=WrapState),
        ),
        SMALL_ROWS,
    )
    department_id: bytes = id_column(key=True)
    version: int = part_of_key()
    parent_version: int
    suite: int
    wrap: bytes = bytes_column()
    state: str = text_column()


class ClientRow(SQLModel, table=True):
    """A registered client. **Guarded**: written by journal operations only."""

    __tablename__ = "oauth_client"
    __table_args__ = (
        Index("ix_oauth_client_department_id", "department_id"),
        *checks(
            "oauth_client",
            profile=among("profile", values=Profile),
            status=among("status", values=ClientStatus),
            version="version >= 1",
        ),
    )
    client_id: str = text_column(key=True)
    department_id: bytes = id_column()
    name_zh: str = text_column()
    name_en: str = text_column()
    profile: str = text_column()
    status: str = text_column()
    jwks: str = text_column()
    redirect_uris: str = text_column()
    grant_types: str = text_column()
    scopes: str = text_column()
    evidence: str = text_column()
    issue_codes: str = text_column()
    service_items: str = text_column()
    version: int
    oauth_metadata: str | None = optional_text()
    mac: bytes | None = optional_hash()
