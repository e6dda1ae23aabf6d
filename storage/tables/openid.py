"""OpenID Connect: signing keys, what clients know people by, and calls to clients."""

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
    optional_long,
    part_of_key,
    text_column,
)
from storage.tables.holders import SUITES
from vault.clients.signing_keys import (
    Agreement,
    OpeningPurpose,
    SigningAlgorithm,
    SigningPurpose,
)


class SigningKeySetRow(SQLModel, table=True):
    """The one row that vouches for all signing keys. **Guarded**: journal operations only."""

    __tablename__ = "signing_key_set"
    __table_args__ = checks("signing_key_set", one="set_id = 1", version="version >= 1")
    set_id: int = part_of_key()
    digest: bytes = hash_column()
    version: int
    mac: bytes | None = optional_hash()


class SigningKeyRow(SQLModel, table=True):
    """A key pair that signs JWTs or opens hints, with its schedule; written with its set.

    It is never deleted.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        *checks(
            "signing_key",
            purpose=among("purpose", values=(*SigningPurpose, *OpeningPurpose)),
            alg=among("alg", values=(*SigningAlgorithm, *Agreement)),
            schedule="publish_at <= activate_at AND activate_at <= retire_at"
            " AND retire_at <= remove_at",
            suite=f"suite IS NULL OR {SUITES}",
            wrap="(wrap IS NULL) = (suite IS NULL) AND (wrap IS NULL) = (parent_version IS NULL)",
        ),
        SMALL_ROWS,
    )
    kid: str = text_column(key=True)
    purpose: str = text_column()
    alg: str = text_column()
    public_jwk: str = text_column()
    parent_version: int | None = None
    suite: int | None = None
    wrap: bytes | None = optional_bytes()
    publish_at: int = long_column()
    activate_at: int = long_column()
    retire_at: int = long_column()
    remove_at: int = long_column()


class SubjectRow(SQLModel, table=True):
    """What the systems of one department know a person by: random, and of no other meaning."""

    __tablename__ = "oauth_subject"
    __table_args__ = (UniqueConstraint("sub", name="uq_oauth_subject_sub"), SMALL_ROWS)
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    sector: bytes = id_column(key=True)
    sub: bytes = id_column()


class OpenIdSessionRow(SQLModel, table=True):
    """A sign-in that systems were told of: one row to wait for, whether it ended or goes on.

    Signing in anew in the same browser leads on to the new sign-in; the last one ends them all.
    """

    __tablename__ = "openid_session"
    __table_args__ = (
        Index("ix_openid_session_expires_at", "expires_at"),
        Index("ix_openid_session_leads_to", "leads_to"),
        SMALL_ROWS,
    )
    sid: bytes = id_column(key=True)
    leads_to: bytes = id_column()
    expires_at: int = long_column()
    ended_at: int | None = optional_long()


class SignInClientRow(SQLModel, table=True):
    """A system that was told of a sign-in, and will be told of its end."""

    __tablename__ = "signin_client"
    __table_args__ = (Index("ix_signin_client_expires_at", "expires_at"), SMALL_ROWS)
    sid: bytes = id_column(key=True)
    client_id: str = text_column(key=True)
    sub: bytes = id_column()
    expires_at: int = long_column()


class OutgoingCallRow(SQLModel, table=True):
    """A call to a registered address of a client; sealed until it is made."""

    __tablename__ = "outgoing_call"
    __table_args__ = (
        Index("ix_outgoing_call_done_at", "done_at", "next_at"),
        *checks("outgoing_call", attempts="attempts >= 0"),
    )
    call_id: bytes = id_column(key=True)
    kind: str = text_column()
    sealed: bytes = bytes_column()
    created_at: int = long_column()
    attempts: int
    next_at: int = long_column()
    done_at: int | None = optional_long()
    outcome: str = text_column()
