"""Requests of kiosks and counters, and the codes on holders' screens.

A program that does not know them begins, decides and redeems none.
"""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add two tables; nothing that is there is touched (expand)."""
    op.create_table(
        "oauth_async_request",
        sa.Column("request_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("params", sa.LargeBinary(), nullable=False),
        sa.Column("cnf", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("signin_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("notify", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("person_log_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("amr", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=True),
        sa.Column("sid", sa.LargeBinary(length=16), nullable=True),
        *_checks(
            "oauth_async_request",
            kind="kind IN ('device', 'ciba')",
            state="state IN ('pending', 'approved', 'denied', 'consumed')",
            holder_id="(holder_id IS NULL) = (log_id IS NULL)",
            user_code_hash="(kind = 'device') = (user_code_hash IS NOT NULL)",
            grant_id="(state IN ('approved', 'consumed')) = (grant_id IS NOT NULL)",
            interval_s="interval_s >= 1",
            request_id_bytes="length(request_id) = 16",
            code_hash_bytes="length(code_hash) = 32",
            user_code_hash_bytes="length(user_code_hash) = 32",
            holder_id_bytes="length(holder_id) = 16",
            signin_hash_bytes="length(signin_hash) = 32",
            grant_id_bytes="length(grant_id) = 16",
            person_id_bytes="length(person_id) = 16",
            sid_bytes="length(sid) = 16",
        ),
        sa.PrimaryKeyConstraint("request_id"),
        sa.UniqueConstraint("code_hash", name="uq_oauth_async_request_code_hash"),
        sa.UniqueConstraint("user_code_hash", name="uq_oauth_async_request_user_code_hash"),
    )
    op.create_index(
        "ix_oauth_async_request_holder",
        "oauth_async_request",
        ["log_id", "holder_id", "created_at"],
    )
    op.create_index("ix_oauth_async_request_expires_at", "oauth_async_request", ["expires_at"])
    op.create_table(
        "oauth_shown_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        *_checks(
            "oauth_shown_code",
            code_hash_bytes="length(code_hash) = 32",
            holder_id_bytes="length(holder_id) = 16",
        ),
        sa.PrimaryKeyConstraint("code_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_oauth_shown_code_expires_at", "oauth_shown_code", ["expires_at"])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")


def _checks(table: str, /, **conditions: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(condition, name=f"ck_{table}_{name}")
        for name, condition in conditions.items()
    ]
