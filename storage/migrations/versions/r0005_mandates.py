"""Mandates, sign-ins that act by one, and grants that are a part of another.

A program of an older schema would release under such a grant though its mandate has ended, and
would take whoever acts by a mandate for the holder: none may serve this schema any more.
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.widening import widen
from vault.errors import StorageError

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

OLDEST = "0005"


def upgrade() -> None:
    """Add a table and columns, and let notices tell of mandates (expand)."""
    op.create_table(
        "mandate",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("mandate_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("giver_log_id", sa.Integer(), nullable=False),
        sa.Column("giver_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("receiver_log_id", sa.Integer(), nullable=False),
        sa.Column("receiver_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("parent_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("powers", sa.Text(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("state_entry", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint(
            "(status = 'ended') = (ended_at_ms IS NOT NULL)", name="ck_mandate_ended_at_ms"
        ),
        sa.CheckConstraint("status IN ('active', 'ended')", name="ck_mandate_status"),
        sa.CheckConstraint("version >= 1", name="ck_mandate_version"),
        *(
            sa.CheckConstraint(f"length({name}) = 16", name=f"ck_mandate_{name}_bytes")
            for name in (
                *("holder_id", "mandate_id", "giver_id", "receiver_id"),
                *("parent_id", "state_entry"),
            )
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "mandate_id"),
        sa.UniqueConstraint("mandate_id", name="uq_mandate_mandate_id"),
    )
    op.create_index("ix_mandate_receiver_id", "mandate", ["receiver_log_id", "receiver_id"])
    op.add_column("signin", _id("signin", "mandate_id"))
    op.add_column("oauth_grant", _id("oauth_grant", "parent_grant_id"))
    op.add_column("oauth_grant", _id("oauth_grant", "mandate_id"))
    widen(
        "notice",
        "ck_notice_kind",
        before="kind IN ('access', 'refusal', 'record', 'consent', 'case')",
        after="kind IN ('access', 'refusal', 'record', 'consent', 'case', 'mandate')",
    )
    op.get_bind().execute(sa.text("UPDATE schema_floor SET oldest = :oldest"), {"oldest": OLDEST})


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")


def _id(table: str, name: str) -> sa.Column[bytes]:
    return sa.Column(
        name,
        sa.LargeBinary(length=16),
        sa.CheckConstraint(f"length({name}) = 16", name=f"ck_{table}_{name}_bytes"),
        nullable=True,
    )
