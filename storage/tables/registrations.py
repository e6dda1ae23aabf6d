"""How clients registered themselves, and why they were refused: the same on every node."""

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


class RefusalRow(SQLModel, table=True):
    """A request that was refused: codes and sentences of our own, for a week."""

    __tablename__ = "oauth_refusal"
    __table_args__ = (
        Index("ix_oauth_refusal_client_id", "client_id", "proven", "at"),
        Index("ix_oauth_refusal_at", "at"),
    )
    correlation: str = text_column(key=True)
    client_id: str = text_column()
    proven: int
    at: int = long_column()
    method: str = text_column()
    path: str = text_column()
    status: int
    error: str = text_column()
    reason: str = text_column()
