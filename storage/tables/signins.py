"""Signing in, and messages on their way out."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_id,
    optional_long,
    optional_text,
    text_column,
)


class SignInRow(SQLModel, table=True):
    """A signed-in browser, found by the keyed hash of its cookie."""

    __tablename__ = "signin"
    __table_args__ = (
        Index("ix_signin_expires_at", "expires_at"),
        Index("ix_signin_person_id", "person_log_id", "person_id"),
    )
    signin_hash: bytes = hash_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    csrf_hash: bytes = hash_column()
    acr: str = text_column()
    auth_time: int = long_column()
    idle_expires_at: int = long_column()
    expires_at: int = long_column()
    ended_at: int | None = optional_long()
    person_log_id: int | None = None
    person_id: bytes | None = optional_id()
    amr: str | None = optional_text()
    mandate_id: bytes | None = optional_id()


class SignInAttemptRow(SQLModel, table=True):
    """A one-time code on its way; alike for numbers that have no space."""

    __tablename__ = "signin_attempt"
    __table_args__ = (
        Index("ix_signin_attempt_expires_at", "expires_at"),
        *checks(
            "signin_attempt",
            tries="tries >= 0",
            holder_id="(holder_id IS NULL) = (log_id IS NULL)",
        ),
    )
    attempt_hash: bytes = hash_column(key=True)
    log_id: int | None = None
    holder_id: bytes | None = optional_id()
    code_hash: bytes = hash_column()
    tries: int
    expires_at: int = long_column()
    spent_at: int | None = optional_long()


class TryRow(SQLModel, table=True):
    """How many tries one key made within one window of time."""

    __tablename__ = "signin_try"
    __table_args__ = (
        Index("ix_signin_try_window_start", "window_start"),
        *checks("signin_try", tries="tries >= 1"),
        SMALL_ROWS,
    )
    key_hash: bytes = hash_column(key=True)
    window_start: int = long_column(key=True)
    tries: int


class MessageRow(SQLModel, table=True):
    """A message that a gateway takes; sealed until then."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_done_at", "done_at", "created_at"),)
    message_id: bytes = id_column(key=True)
    kind: str = text_column()
    sealed: bytes = bytes_column()
    created_at: int = long_column()
    done_at: int | None = optional_long()
