"""Demands of holders; a program that does not know them shows none."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add a table and its indexes (expand)."""
    op.create_table(
        "demand",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("holder_id", sa.LargeBinary(16), nullable=False),
        sa.Column("demand_id", sa.LargeBinary(16), nullable=False),
        sa.Column("about", sa.LargeBinary(16), nullable=False),
        sa.Column("department_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger()),
        sa.Column("answer_entry", sa.LargeBinary(16)),
        sa.CheckConstraint("kind IN ('explain', 'delete', 'complain')", name="ck_demand_kind"),
        sa.CheckConstraint("state IN ('open', 'answered', 'refused')", name="ck_demand_state"),
        sa.CheckConstraint("(answer_entry IS NULL) = (state = 'open')", name="ck_demand_answered"),
        *(
            sa.CheckConstraint(f"length({name}) = 16", name=f"ck_demand_{name}_bytes")
            for name in ("holder_id", "demand_id", "about", "department_id", "answer_entry")
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "demand_id"),
    )
    op.create_index("ix_demand_about", "demand", ["log_id", "holder_id", "about"])
    op.create_index(
        "ix_demand_due", "demand", ["department_id", "state", "due_at_ms", "demand_id"]
    )
    op.create_index("ix_demand_id", "demand", ["demand_id"])
    op.create_index("ix_demand_kind", "demand", ["kind", "state", "due_at_ms"])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
