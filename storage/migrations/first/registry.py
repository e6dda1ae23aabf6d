"""Departments, clients, policies, and the deployment itself."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables."""
    op.create_table(
        "department",
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("privacy_officer", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name="ck_department_status"),
        sa.CheckConstraint("length(department_id) = 16", name="ck_department_department_id_bytes"),
        sa.CheckConstraint("version >= 1", name="ck_department_version"),
        sa.PrimaryKeyConstraint("department_id"),
        sa.UniqueConstraint("code", name="uq_department_code"),
    )
    op.create_table(
        "department_key",
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('live', 'retired')", name="ck_department_key_state"),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_department_key_department_id_bytes"
        ),
        sa.CheckConstraint("parent_version >= 1", name="ck_department_key_parent_version"),
        sa.CheckConstraint("suite IN (1, 2)", name="ck_department_key_suite"),
        sa.CheckConstraint("version >= 1", name="ck_department_key_version"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.department_id"], name="fk_department_key_department"
        ),
        sa.PrimaryKeyConstraint("department_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "oauth_client",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("grant_types", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("issue_codes", sa.Text(), nullable=False),
        sa.Column("service_items", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("profile IN ('fapi2', 'rs')", name="ck_oauth_client_profile"),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'suspended', 'closed')", name="ck_oauth_client_status"
        ),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_oauth_client_department_id_bytes"
        ),
        sa.CheckConstraint("version >= 1", name="ck_oauth_client_version"),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_index(
        "ix_oauth_client_department_id", "oauth_client", ["department_id"], unique=False
    )
    op.create_table(
        "vault_meta",
        sa.Column("meta_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vault_id", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("length(vault_id) = 16", name="ck_vault_meta_vault_id_bytes"),
        sa.CheckConstraint("meta_id = 1", name="ck_vault_meta_one"),
        sa.PrimaryKeyConstraint("meta_id"),
    )
    op.create_table(
        "system_key",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('vault-key', 'service-key', 'department-tag-key')",
            name="ck_system_key_purpose",
        ),
        sa.CheckConstraint("state IN ('live', 'retired')", name="ck_system_key_state"),
        sa.CheckConstraint("length(owner_id) = 16", name="ck_system_key_owner_id_bytes"),
        sa.CheckConstraint("parent_version >= 0", name="ck_system_key_parent_version"),
        sa.CheckConstraint("suite IN (1, 2)", name="ck_system_key_suite"),
        sa.CheckConstraint("version >= 1", name="ck_system_key_version"),
        sa.PrimaryKeyConstraint("purpose", "owner_id", "name", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "policy_bundle",
        sa.Column("bundle_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("length(bundle_hash) = 32", name="ck_policy_bundle_bundle_hash_bytes"),
        sa.PrimaryKeyConstraint("bundle_hash"),
    )
    op.create_table(
        "policy_pointer",
        sa.Column("pointer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bundle_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(bundle_hash) = 32", name="ck_policy_pointer_bundle_hash_bytes"),
        sa.CheckConstraint("pointer_id = 1", name="ck_policy_pointer_one"),
        sa.CheckConstraint("version >= 1", name="ck_policy_pointer_version"),
        sa.ForeignKeyConstraint(
            ["bundle_hash"], ["policy_bundle.bundle_hash"], name="fk_policy_pointer_policy_bundle"
        ),
        sa.PrimaryKeyConstraint("pointer_id"),
    )
