"""Clients register themselves; developers are appointed, and learn what was refused and why."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the tables; nothing that is there is touched (expand)."""
    op.create_table(
        "oauth_initial_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_oauth_initial_token_department_id_bytes"
        ),
        sa.CheckConstraint(
            "length(token_hash) = 32", name="ck_oauth_initial_token_token_hash_bytes"
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_oauth_initial_token_expires_at", "oauth_initial_token", ["expires_at"])
    op.create_table(
        "oauth_registration",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("once", sa.LargeBinary(length=32), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(once) = 32", name="ck_oauth_registration_once_bytes"),
        sa.CheckConstraint(
            "length(token_hash) = 32", name="ck_oauth_registration_token_hash_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_client.client_id"], name="fk_oauth_registration_oauth_client"
        ),
        sa.PrimaryKeyConstraint("client_id"),
        sa.UniqueConstraint("once", name="uq_oauth_registration_once"),
    )
    op.create_table(
        "developer",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("appointment_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "length(appointment_id) = 16", name="ck_developer_appointment_id_bytes"
        ),
        sa.CheckConstraint("length(department_id) = 16", name="ck_developer_department_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_developer_holder_id_bytes"),
        sa.CheckConstraint("status IN ('active', 'ended')", name="ck_developer_status"),
        sa.CheckConstraint("version >= 1", name="ck_developer_version"),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "appointment_id"),
        sa.UniqueConstraint(
            "log_id", "holder_id", "department_id", name="uq_developer_department"
        ),
    )
    op.create_table(
        "oauth_refusal",
        sa.Column("correlation", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("proven", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("correlation"),
    )
    op.create_index("ix_oauth_refusal_client_id", "oauth_refusal", ["client_id", "proven", "at"])
    op.create_index("ix_oauth_refusal_at", "oauth_refusal", ["at"])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
