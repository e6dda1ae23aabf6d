"""What witnesses have signed; a program that does not know them asks none."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add a table (expand)."""
    op.create_table(
        "witness_state",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.CheckConstraint("size >= 0", name="ck_witness_state_size"),
        sa.PrimaryKeyConstraint("log_id", "witness"),
    )


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
