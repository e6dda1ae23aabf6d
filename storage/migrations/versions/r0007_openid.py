"""Signing keys, subjects, who is told of a sign-in's end, and calls to clients."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add tables; nothing that is there is touched (expand)."""
    _signing_keys()
    op.create_table(
        "oauth_subject",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sector", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sub", sa.LargeBinary(length=16), nullable=False),
        *_ids("oauth_subject", "holder_id", "sector", "sub"),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "sector"),
        sa.UniqueConstraint("sub", name="uq_oauth_subject_sub"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "openid_session",
        sa.Column("sid", sa.LargeBinary(length=16), nullable=False),
        sa.Column("leads_to", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        *_ids("openid_session", "sid", "leads_to"),
        sa.PrimaryKeyConstraint("sid"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_openid_session_expires_at", "openid_session", ["expires_at"])
    op.create_index("ix_openid_session_leads_to", "openid_session", ["leads_to"])
    op.create_table(
        "signin_client",
        sa.Column("sid", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        *_ids("signin_client", "sid", "sub"),
        sa.PrimaryKeyConstraint("sid", "client_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signin_client_expires_at", "signin_client", ["expires_at"])
    op.create_table(
        "outgoing_call",
        sa.Column("call_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint("attempts >= 0", name="ck_outgoing_call_attempts"),
        *_ids("outgoing_call", "call_id"),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index("ix_outgoing_call_done_at", "outgoing_call", ["done_at", "next_at"])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")


def _signing_keys() -> None:
    op.create_table(
        "signing_key_set",
        sa.Column("set_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("set_id = 1", name="ck_signing_key_set_one"),
        sa.CheckConstraint("version >= 1", name="ck_signing_key_set_version"),
        sa.CheckConstraint("length(digest) = 32", name="ck_signing_key_set_digest_bytes"),
        sa.PrimaryKeyConstraint("set_id"),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=True),
        sa.Column("suite", sa.Integer(), nullable=True),
        sa.Column("wrap", sa.LargeBinary(), nullable=True),
        sa.Column("publish_at", sa.BigInteger(), nullable=False),
        sa.Column("activate_at", sa.BigInteger(), nullable=False),
        sa.Column("retire_at", sa.BigInteger(), nullable=False),
        sa.Column("remove_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('id_token', 'jarm', 'introspection', 'logout', 'userinfo')",
            name="ck_signing_key_purpose",
        ),
        sa.CheckConstraint("alg IN ('ES256', 'PS256', 'Ed25519')", name="ck_signing_key_alg"),
        sa.CheckConstraint(
            "publish_at <= activate_at AND activate_at <= retire_at AND retire_at <= remove_at",
            name="ck_signing_key_schedule",
        ),
        sa.CheckConstraint("suite IS NULL OR suite IN (1, 2)", name="ck_signing_key_suite"),
        sa.CheckConstraint(
            "(wrap IS NULL) = (suite IS NULL) AND (wrap IS NULL) = (parent_version IS NULL)",
            name="ck_signing_key_wrap",
        ),
        sa.PrimaryKeyConstraint("kid"),
        sqlite_with_rowid=False,
    )


def _ids(table: str, *names: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(f"length({name}) = 16", name=f"ck_{table}_{name}_bytes")
        for name in names
    ]
