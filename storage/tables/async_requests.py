"""Requests of kiosks and counters at rest, and the codes on holders' screens (oauth.md 4).

Like every protocol row they are found by the keyed hash of what is presented; times are whole
UTC seconds.
"""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    among,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_bytes,
    optional_hash,
    optional_id,
    optional_long,
    optional_text,
    text_column,
)
from vault.clients.async_requests import AsyncKind, AsyncState


class AsyncRequestRow(SQLModel, table=True):
    """A request that is decided on another device; redeemed by one statement, once.

    Attributes:
        acr: Of the sign-in that approved; without a ``grant_id``, the level that was missing.
    """

    __tablename__ = "oauth_async_request"
    __table_args__ = (
        UniqueConstraint("code_hash", name="uq_oauth_async_request_code_hash"),
        UniqueConstraint("user_code_hash", name="uq_oauth_async_request_user_code_hash"),
        Index("ix_oauth_async_request_holder", "log_id", "holder_id", "created_at"),
        Index("ix_oauth_async_request_expires_at", "expires_at"),
        *checks(
            "oauth_async_request",
            kind=among("kind", values=AsyncKind),
            state=among("state", values=AsyncState),
            holder_id="(holder_id IS NULL) = (log_id IS NULL)",
            user_code_hash="(kind = 'device') = (user_code_hash IS NOT NULL)",
            grant_id="(state IN ('approved', 'consumed')) = (grant_id IS NOT NULL)",
            interval_s="interval_s >= 1",
        ),
    )
    request_id: bytes = id_column(key=True)
    kind: str = text_column()
    code_hash: bytes = hash_column()
    user_code_hash: bytes | None = optional_hash()
    client_id: str = text_column()
    log_id: int | None = None
    holder_id: bytes | None = optional_id()
    params: bytes = bytes_column()
    cnf: str = text_column()
    state: str = text_column()
    interval_s: int
    polled_at: int | None = optional_long()
    signin_hash: bytes | None = optional_hash()
    notify: bytes | None = optional_bytes()
    created_at: int = long_column()
    expires_at: int = long_column()
    grant_id: bytes | None = optional_id()
    scope: str | None = optional_text()
    person_log_id: int | None = None
    person_id: bytes | None = optional_id()
    acr: str | None = optional_text()
    amr: str | None = optional_text()
    auth_time: int | None = optional_long()
    sid: bytes | None = optional_id()


class ShownCodeRow(SQLModel, table=True):
    """A code on a holder's screen; one counter claims it, once."""

    __tablename__ = "oauth_shown_code"
    __table_args__ = (Index("ix_oauth_shown_code_expires_at", "expires_at"), SMALL_ROWS)
    code_hash: bytes = hash_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    expires_at: int = long_column()
    used_at: int | None = optional_long()
