"""Passkeys; a program that does not know them signs nobody in with one."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.widening import widen
from vault.errors import StorageError

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add tables and an index, and let a CHECK admit more (expand)."""
    op.create_table(
        "passkey",
        sa.Column("log_id", sa.Integer(), nullable=False, autoincrement=False),
        _bytes("holder_id", 16),
        _bytes("passkey_id", 16),
        _bytes("credential_hash", 32),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("device_bound", sa.Integer(), nullable=False),
        sa.Column("attested", sa.Integer(), nullable=False),
        sa.Column("attestation", sa.Text(), nullable=False),
        _bytes("aaguid", 16),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        _bytes("state_entry", 16),
        sa.CheckConstraint(
            "(status = 'removed') = (ended_at_ms IS NOT NULL)", name="ck_passkey_ended_at_ms"
        ),
        sa.CheckConstraint("attested IN (0, 1)", name="ck_passkey_attested"),
        sa.CheckConstraint("device_bound IN (0, 1)", name="ck_passkey_device_bound"),
        sa.CheckConstraint("status IN ('active', 'removed')", name="ck_passkey_status"),
        sa.CheckConstraint("version >= 1", name="ck_passkey_version"),
        *_lengths("passkey", aaguid=16, credential_hash=32, holder_id=16, passkey_id=16),
        *_lengths("passkey", state_entry=16),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "passkey_id"),
        sa.UniqueConstraint("credential_hash", name="uq_passkey_credential_hash"),
    )
    op.create_table(
        "passkey_use",
        _bytes("credential_hash", 32),
        sa.Column("log_id", sa.Integer(), nullable=False),
        _bytes("holder_id", 16),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("backed_up IN (0, 1)", name="ck_passkey_use_backed_up"),
        sa.CheckConstraint("sign_count >= 0", name="ck_passkey_use_sign_count"),
        *_lengths("passkey_use", credential_hash=32, holder_id=16),
        sa.PrimaryKeyConstraint("credential_hash"),
    )
    op.create_table(
        "passkey_challenge",
        _bytes("challenge_hash", 32),
        _bytes("bound_hash", 32),
        sa.Column("ceremony", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "ceremony IN ('register', 'register-attested', 'sign-in', 'confirm')",
            name="ck_passkey_challenge_ceremony",
        ),
        *_lengths("passkey_challenge", bound_hash=32, challenge_hash=32),
        sa.PrimaryKeyConstraint("challenge_hash"),
    )
    op.create_index("ix_passkey_challenge_expires_at", "passkey_challenge", ["expires_at"])
    op.create_index("ix_signin_person_id", "signin", ["person_log_id", "person_id"])
    widen(
        "notice",
        "ck_notice_kind",
        before="kind IN ('access', 'refusal', 'record', 'consent', 'case', 'mandate')",
        after="kind IN ('access', 'refusal', 'record', 'consent', 'case', 'mandate', 'passkey')",
    )


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")


def _bytes(name: str, length: int) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length=length), nullable=False)


def _lengths(table: str, **columns: int) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(f"length({name}) = {length}", name=f"ck_{table}_{name}_bytes")
        for name, length in columns.items()
    ]
