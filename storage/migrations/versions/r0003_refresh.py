"""Refresh tokens, which a program that does not know them neither issues nor ends."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the table; nothing that is there is touched (expand)."""
    op.create_table(
        "oauth_refresh_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("family_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("dpop_jkt", sa.Text(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "idle_expires_at <= expires_at", name="ck_oauth_refresh_token_idle_expires_at"
        ),
        sa.CheckConstraint(
            "length(family_id) = 16", name="ck_oauth_refresh_token_family_id_bytes"
        ),
        sa.CheckConstraint("length(grant_id) = 16", name="ck_oauth_refresh_token_grant_id_bytes"),
        sa.CheckConstraint(
            "length(holder_id) = 16", name="ck_oauth_refresh_token_holder_id_bytes"
        ),
        sa.CheckConstraint(
            "length(token_hash) = 32", name="ck_oauth_refresh_token_token_hash_bytes"
        ),
        sa.PrimaryKeyConstraint("token_hash"),
        sa.UniqueConstraint("family_id", name="uq_oauth_refresh_token_family_id"),
    )
    op.create_index(
        "ix_oauth_refresh_token_idle_expires_at", "oauth_refresh_token", ["idle_expires_at"]
    )


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
