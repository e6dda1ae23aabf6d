"""How clients registered themselves: the same on every node, few, seldom changed."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    hash_column,
    id_column,
    long_column,
    optional_long,
    refers,
    text_column,
)


class InitialTokenRow(SQLModel, table=True):
    """An initial access token (RFC 7591 s. 3); it registers one client of one department."""

    __tablename__ = "oauth_initial_token"
    __table_args__ = (Index("ix_oauth_initial_token_expires_at", "expires_at"),)
    token_hash: bytes = hash_column(key=True)
    department_id: bytes = id_column()
    expires_at: int = long_column()
    spent_at: int | None = optional_long()


class RegistrationRow(SQLModel, table=True):
    """What stays of a client's own registration (RFC 7592)."""

    __tablename__ = "oauth_registration"
    __table_args__ = (
        refers("oauth_registration", ("client_id",), to="oauth_client"),
        UniqueConstraint("once", name="uq_oauth_registration_once"),
    )
    client_id: str = text_column(key=True)
    token_hash: bytes = hash_column()
    statement: str = text_column()
    once: bytes = hash_column()
    registered_at: int = long_column()
