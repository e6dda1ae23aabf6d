"""Signing in, and the outbox."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables."""
    op.create_table(
        "signin",
        sa.Column("signin_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("csrf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("idle_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(csrf_hash) = 32", name="ck_signin_csrf_hash_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_signin_holder_id_bytes"),
        sa.CheckConstraint("length(signin_hash) = 32", name="ck_signin_signin_hash_bytes"),
        sa.PrimaryKeyConstraint("signin_hash"),
    )
    op.create_index("ix_signin_expires_at", "signin", ["expires_at"], unique=False)
    op.create_table(
        "signin_attempt",
        sa.Column("attempt_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(holder_id IS NULL) = (log_id IS NULL)", name="ck_signin_attempt_holder_id"
        ),
        sa.CheckConstraint(
            "length(attempt_hash) = 32", name="ck_signin_attempt_attempt_hash_bytes"
        ),
        sa.CheckConstraint("length(code_hash) = 32", name="ck_signin_attempt_code_hash_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_signin_attempt_holder_id_bytes"),
        sa.CheckConstraint("tries >= 0", name="ck_signin_attempt_tries"),
        sa.PrimaryKeyConstraint("attempt_hash"),
    )
    op.create_index("ix_signin_attempt_expires_at", "signin_attempt", ["expires_at"], unique=False)
    op.create_table(
        "signin_try",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(key_hash) = 32", name="ck_signin_try_key_hash_bytes"),
        sa.CheckConstraint("tries >= 1", name="ck_signin_try_tries"),
        sa.PrimaryKeyConstraint("key_hash", "window_start"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signin_try_window_start", "signin_try", ["window_start"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(message_id) = 16", name="ck_outbox_message_id_bytes"),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_outbox_done_at", "outbox", ["done_at", "created_at"], unique=False)
