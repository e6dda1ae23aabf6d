"""Which programs may serve a database: those from the oldest that its schema still suits."""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

OLDEST = "0001"


def upgrade() -> None:
    """Add the table with its one row; nothing that is there is touched (expand)."""
    floor = op.create_table(
        "schema_floor",
        sa.Column("floor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("oldest", sa.Text(), nullable=False),
        sa.CheckConstraint("floor_id = 1", name="ck_schema_floor_one"),
        sa.PrimaryKeyConstraint("floor_id"),
    )
    op.bulk_insert(floor, [{"floor_id": 1, "oldest": OLDEST}])


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
