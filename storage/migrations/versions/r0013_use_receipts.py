"""What departments owe for what they pulled; pulls of an older program open none."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add a table and its indexes (expand)."""
    op.create_table(
        "use_receipt",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("holder_id", sa.LargeBinary(16), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(16), nullable=False),
        sa.Column("department_id", sa.LargeBinary(16), nullable=False),
        sa.Column("pulled_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("keep_at_most", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kept_until", sa.BigInteger()),
        sa.Column("filed_at_ms", sa.BigInteger()),
        sa.Column("filed_entry", sa.LargeBinary(16)),
        sa.CheckConstraint(
            "state IN ('owed', 'used', 'unused', 'purged')", name="ck_use_receipt_state"
        ),
        sa.CheckConstraint("(kept_until IS NULL) = (state <> 'used')", name="ck_use_receipt_kept"),
        sa.CheckConstraint(
            "(filed_entry IS NULL) = (state = 'owed')", name="ck_use_receipt_filed"
        ),
        *(
            sa.CheckConstraint(f"length({name}) = 16", name=f"ck_use_receipt_{name}_bytes")
            for name in ("holder_id", "entry_id", "department_id", "filed_entry")
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "entry_id"),
    )
    op.create_index(
        "ix_use_receipt_due", "use_receipt", ["department_id", "state", "due_at_ms", "entry_id"]
    )
    op.create_index("ix_use_receipt_entry", "use_receipt", ["department_id", "entry_id"])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
