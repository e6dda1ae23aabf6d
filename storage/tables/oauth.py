"""OAuth at rest (oauth.md 4): the grant, which is the consent, and short-lived protocol rows.

What a caller presents as a secret is stored as its keyed hash and found by it. Protocol times
are whole UTC seconds (NumericDate); times of the grant are milliseconds, as in the domain.
``dpop_jkt`` holds ``Confirmation.text``: the name is from before certificates could bind too.
"""

from typing import Final

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
    optional_hash,
    optional_id,
    optional_long,
    optional_text,
    part_of_key,
    refers,
    text_column,
)
from vault.clients.protocol import InteractionState
from vault.consents import ConsentStatus

LOCALES: Final = ("zh-CN", "en")
CLAIM_KINDS: Final = ("dpop", "assertion", "request-object")


class ConsentRow(SQLModel, table=True):
    """The consent, which is the OAuth grant. **Guarded**: journal operations only."""

    __tablename__ = "oauth_grant"
    __table_args__ = (
        UniqueConstraint("grant_id", name="uq_oauth_grant_grant_id"),
        *checks(
            "oauth_grant",
            status=among("status", values=ConsentStatus),
            version="version >= 1",
            shown_locale=among("shown_locale", values=LOCALES),
            expires_at_ms="created_at_ms < expires_at_ms",
            ended_at_ms="(status = 'revoked') = (ended_at_ms IS NOT NULL)",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    grant_id: bytes = id_column(key=True)
    client_id: str = text_column()
    department_id: bytes = id_column()
    status: str = text_column()
    version: int
    details: str = text_column()
    note: bytes = bytes_column()
    purpose: str = text_column()
    item: str = text_column()
    case_no: str = text_column()
    shown_hash: bytes = hash_column()
    shown_locale: str = text_column()
    created_at_ms: int = long_column()
    expires_at_ms: int = long_column()
    ended_at_ms: int | None = optional_long()
    state_entry: bytes = id_column()
    parent_grant_id: bytes | None = optional_id()
    mandate_id: bytes | None = optional_id()
    mac: bytes | None = optional_hash()


class UseRow(SQLModel, table=True):
    """Uses of one evidence type of a consent; counted by the journal alone."""

    __tablename__ = "oauth_use"
    __table_args__ = (
        refers("oauth_use", ("log_id", "holder_id", "grant_id"), to="oauth_grant"),
        *checks(
            "oauth_use",
            used="used >= 0 AND (max_uses IS NULL OR used <= max_uses)",
            max_uses="max_uses IS NULL OR max_uses >= 1",
        ),
        SMALL_ROWS,
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    grant_id: bytes = id_column(key=True)
    code: str = text_column(key=True)
    used: int
    max_uses: int | None = None
    version: int = long_column()
    mac: bytes | None = optional_hash()


class PushedRequestRow(SQLModel, table=True):
    """A pushed request (RFC 9126); one decision spends it."""

    __tablename__ = "oauth_par"
    __table_args__ = (Index("ix_oauth_par_expires_at", "expires_at"),)
    request_hash: bytes = hash_column(key=True)
    client_id: str = text_column()
    params: bytes = bytes_column()
    dpop_jkt: str = text_column()
    expires_at: int = long_column()
    consumed_at: int | None = optional_long()


class InteractionRow(SQLModel, table=True):
    """One browser's way through one pushed request."""

    __tablename__ = "oauth_interaction"
    __table_args__ = (
        UniqueConstraint("request_hash", "browser_hash", name="uq_oauth_interaction_browser"),
        Index("ix_oauth_interaction_expires_at", "expires_at"),
        *checks("oauth_interaction", state=among("state", values=InteractionState)),
    )
    interaction_id: bytes = id_column(key=True)
    request_hash: bytes = hash_column()
    browser_hash: bytes = hash_column()
    signin_hash: bytes | None = optional_hash()
    state: str = text_column()
    expires_at: int = long_column()


class CodeRow(SQLModel, table=True):
    """An authorization code; redeemed by one statement, once."""

    __tablename__ = "oauth_code"
    __table_args__ = (Index("ix_oauth_code_expires_at", "expires_at"),)
    code_hash: bytes = hash_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    grant_id: bytes = id_column()
    family_id: bytes = id_column()
    client_id: str = text_column()
    redirect_uri: str = text_column()
    code_challenge: str = text_column()
    dpop_jkt: str = text_column()
    acr: str = text_column()
    auth_time: int = long_column()
    scope: str = text_column()
    expires_at: int = long_column()
    used_at: int | None = optional_long()
    person_log_id: int | None = None
    person_id: bytes | None = optional_id()
    amr: str | None = optional_text()
    sid: bytes | None = optional_id()
    nonce: str | None = optional_text()


class TokenRow(SQLModel, table=True):
    """An access token; every use joins it to its live grant."""

    __tablename__ = "oauth_access_token"
    __table_args__ = (
        Index("ix_oauth_access_token_family_id", "family_id"),
        Index("ix_oauth_access_token_expires_at", "expires_at"),
        *checks(
            "oauth_access_token",
            grant_id="(grant_id IS NULL) = (holder_id IS NULL)"
            " AND (grant_id IS NULL) = (log_id IS NULL)",
        ),
    )
    token_hash: bytes = hash_column(key=True)
    log_id: int | None = None
    holder_id: bytes | None = optional_id()
    grant_id: bytes | None = optional_id()
    family_id: bytes = id_column()
    client_id: str = text_column()
    scope: str = text_column()
    details: str | None = optional_text()
    dpop_jkt: str = text_column()
    acr: str | None = optional_text()
    auth_time: int | None = optional_long()
    issued_at: int = long_column()
    expires_at: int = long_column()
    revoked_at: int | None = optional_long()
    person_log_id: int | None = None
    person_id: bytes | None = optional_id()
    amr: str | None = optional_text()
    sid: bytes | None = optional_id()


class RefreshTokenRow(SQLModel, table=True):
    """A refresh token: one a family, claimed by each use, never replaced by another."""

    __tablename__ = "oauth_refresh_token"
    __table_args__ = (
        UniqueConstraint("family_id", name="uq_oauth_refresh_token_family_id"),
        Index("ix_oauth_refresh_token_idle_expires_at", "idle_expires_at"),
        *checks("oauth_refresh_token", idle_expires_at="idle_expires_at <= expires_at"),
    )
    token_hash: bytes = hash_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    grant_id: bytes = id_column()
    family_id: bytes = id_column()
    client_id: str = text_column()
    scope: str = text_column()
    details: str = text_column()
    dpop_jkt: str = text_column()
    acr: str = text_column()
    auth_time: int = long_column()
    issued_at: int = long_column()
    idle_expires_at: int = long_column()
    expires_at: int = long_column()
    revoked_at: int | None = optional_long()
    person_log_id: int | None = None
    person_id: bytes | None = optional_id()
    amr: str | None = optional_text()
    sid: bytes | None = optional_id()


class ReplayRow(SQLModel, table=True):
    """A value that was shown once and may not be shown again before it expires."""

    __tablename__ = "oauth_replay"
    __table_args__ = (
        Index("ix_oauth_replay_expires_at", "expires_at"),
        *checks("oauth_replay", kind=among("kind", values=CLAIM_KINDS)),
        SMALL_ROWS,
    )
    kind: str = text_column(key=True)
    key_hash: bytes = hash_column(key=True)
    expires_at: int = long_column()
