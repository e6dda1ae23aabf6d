"""Who signed in, and how, travels to the tokens; clients of every profile; paused consents.

What an older program writes leaves the new columns empty, and is read as it was meant.
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.widening import widen
from vault.errors import StorageError

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_SIGNED_IN = ("oauth_code", "oauth_access_token", "oauth_refresh_token")


def upgrade() -> None:
    """Add columns, and let CHECKs admit more (expand)."""
    for table in (*_SIGNED_IN, "signin"):
        op.add_column(table, sa.Column("person_log_id", sa.Integer(), nullable=True))
        op.add_column(table, _id(table, "person_id"))
        op.add_column(table, sa.Column("amr", sa.Text(), nullable=True))
        if table in _SIGNED_IN:
            op.add_column(table, _id(table, "sid"))
    op.add_column("oauth_code", sa.Column("nonce", sa.Text(), nullable=True))
    op.add_column("oauth_client", sa.Column("oauth_metadata", sa.Text(), nullable=True))
    widen(
        "oauth_client",
        "ck_oauth_client_profile",
        before="profile IN ('fapi2', 'rs')",
        after="profile IN ('fapi2', 'fapi2_ms', 'counter', 'kiosk', 'rs')",
    )
    widen(
        "oauth_grant",
        "ck_oauth_grant_status",
        before="status IN ('active', 'revoked')",
        after="status IN ('active', 'paused', 'revoked')",
    )
    widen(
        "oauth_replay",
        "ck_oauth_replay_kind",
        before="kind IN ('dpop', 'assertion')",
        after="kind IN ('dpop', 'assertion', 'request-object')",
    )


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
