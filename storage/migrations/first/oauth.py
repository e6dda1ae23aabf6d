"""The grant and the protocol rows of OAuth."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables."""
    op.create_table(
        "oauth_grant",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("shown_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("shown_locale", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("state_entry", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint(
            "(status = 'revoked') = (ended_at_ms IS NOT NULL)", name="ck_oauth_grant_ended_at_ms"
        ),
        sa.CheckConstraint("shown_locale IN ('zh-CN', 'en')", name="ck_oauth_grant_shown_locale"),
        sa.CheckConstraint("status IN ('active', 'revoked')", name="ck_oauth_grant_status"),
        sa.CheckConstraint("created_at_ms < expires_at_ms", name="ck_oauth_grant_expires_at_ms"),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_oauth_grant_department_id_bytes"
        ),
        sa.CheckConstraint("length(grant_id) = 16", name="ck_oauth_grant_grant_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_oauth_grant_holder_id_bytes"),
        sa.CheckConstraint("length(shown_hash) = 32", name="ck_oauth_grant_shown_hash_bytes"),
        sa.CheckConstraint("length(state_entry) = 16", name="ck_oauth_grant_state_entry_bytes"),
        sa.CheckConstraint("version >= 1", name="ck_oauth_grant_version"),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "grant_id"),
        sa.UniqueConstraint("grant_id", name="uq_oauth_grant_grant_id"),
    )
    op.create_table(
        "oauth_use",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.CheckConstraint("length(grant_id) = 16", name="ck_oauth_use_grant_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_oauth_use_holder_id_bytes"),
        sa.CheckConstraint("max_uses IS NULL OR max_uses >= 1", name="ck_oauth_use_max_uses"),
        sa.CheckConstraint(
            "used >= 0 AND (max_uses IS NULL OR used <= max_uses)", name="ck_oauth_use_used"
        ),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id", "grant_id"],
            ["oauth_grant.log_id", "oauth_grant.holder_id", "oauth_grant.grant_id"],
            name="fk_oauth_use_oauth_grant",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "grant_id", "code"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "oauth_par",
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=False),
        sa.Column("dpop_jkt", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("consumed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(request_hash) = 32", name="ck_oauth_par_request_hash_bytes"),
        sa.PrimaryKeyConstraint("request_hash"),
    )
    op.create_index("ix_oauth_par_expires_at", "oauth_par", ["expires_at"], unique=False)
    op.create_table(
        "oauth_interaction",
        sa.Column("interaction_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signin_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'granted', 'denied')", name="ck_oauth_interaction_state"
        ),
        sa.CheckConstraint(
            "length(browser_hash) = 32", name="ck_oauth_interaction_browser_hash_bytes"
        ),
        sa.CheckConstraint(
            "length(interaction_id) = 16", name="ck_oauth_interaction_interaction_id_bytes"
        ),
        sa.CheckConstraint(
            "length(request_hash) = 32", name="ck_oauth_interaction_request_hash_bytes"
        ),
        sa.CheckConstraint(
            "length(signin_hash) = 32", name="ck_oauth_interaction_signin_hash_bytes"
        ),
        sa.PrimaryKeyConstraint("interaction_id"),
        sa.UniqueConstraint("request_hash", "browser_hash", name="uq_oauth_interaction_browser"),
    )
    op.create_index(
        "ix_oauth_interaction_expires_at", "oauth_interaction", ["expires_at"], unique=False
    )
    op.create_table(
        "oauth_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("family_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("dpop_jkt", sa.Text(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(code_hash) = 32", name="ck_oauth_code_code_hash_bytes"),
        sa.CheckConstraint("length(family_id) = 16", name="ck_oauth_code_family_id_bytes"),
        sa.CheckConstraint("length(grant_id) = 16", name="ck_oauth_code_grant_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_oauth_code_holder_id_bytes"),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_index("ix_oauth_code_expires_at", "oauth_code", ["expires_at"], unique=False)
    op.create_table(
        "oauth_access_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=True),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("grant_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("family_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("dpop_jkt", sa.Text(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(grant_id IS NULL) = (holder_id IS NULL) AND (grant_id IS NULL) = (log_id IS NULL)",
            name="ck_oauth_access_token_grant_id",
        ),
        sa.CheckConstraint("length(family_id) = 16", name="ck_oauth_access_token_family_id_bytes"),
        sa.CheckConstraint("length(grant_id) = 16", name="ck_oauth_access_token_grant_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_oauth_access_token_holder_id_bytes"),
        sa.CheckConstraint(
            "length(token_hash) = 32", name="ck_oauth_access_token_token_hash_bytes"
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(
        "ix_oauth_access_token_expires_at", "oauth_access_token", ["expires_at"], unique=False
    )
    op.create_index(
        "ix_oauth_access_token_family_id", "oauth_access_token", ["family_id"], unique=False
    )
    op.create_table(
        "oauth_replay",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('dpop', 'assertion')", name="ck_oauth_replay_kind"),
        sa.CheckConstraint("length(key_hash) = 32", name="ck_oauth_replay_key_hash_bytes"),
        sa.PrimaryKeyConstraint("kind", "key_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_oauth_replay_expires_at", "oauth_replay", ["expires_at"], unique=False)
