"""Hashes of guarded rows, and the state rows that vouch for their versions.

A program that does not know them would write rows that no other believes, so none serves any
more. Rows that are there get their hashes by ``myspace journal seal``.
"""

import sqlalchemy as sa
from alembic import op

from vault.errors import StorageError

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

OLDEST = "0010"
GUARDED = (
    "developer",
    "department",
    "holder",
    "mandate",
    "oauth_client",
    "oauth_grant",
    "oauth_use",
    "passkey",
    "policy_pointer",
    "record",
    "service_case",
    "signing_key_set",
)


def upgrade() -> None:
    """Add a table and columns (expand); raise the floor, for what older programs write."""
    op.create_table(
        "guarded_state",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("owner_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("versions", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("seq >= 0", name="ck_guarded_state_seq"),
        sa.CheckConstraint("(idx < 0) = (seq = 0)", name="ck_guarded_state_idx"),
        sa.CheckConstraint("length(owner_id) = 16", name="ck_guarded_state_owner_id_bytes"),
        sa.CheckConstraint("length(mac) = 32", name="ck_guarded_state_mac_bytes"),
        sa.PrimaryKeyConstraint("log_id", "owner_id"),
    )
    op.add_column(
        "oauth_use", sa.Column("version", sa.BigInteger(), nullable=False, server_default="1")
    )
    for table in GUARDED:
        op.add_column(table, _mac(table))
    op.get_bind().execute(sa.text("UPDATE schema_floor SET oldest = :oldest"), {"oldest": OLDEST})


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")


def _mac(table: str) -> sa.Column[bytes]:
    return sa.Column(
        "mac",
        sa.LargeBinary(length=32),
        sa.CheckConstraint("length(mac) = 32", name=f"ck_{table}_mac_bytes"),
        nullable=True,
    )
