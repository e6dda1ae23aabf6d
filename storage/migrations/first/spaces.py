"""Holders, their numbers and keys; cases and notices."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables."""
    op.create_table(
        "holder",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'organisation')", name="ck_holder_kind"),
        sa.CheckConstraint("state IN ('active', 'erased')", name="ck_holder_state"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_holder_holder_id_bytes"),
        sa.CheckConstraint("version >= 1", name="ck_holder_version"),
        sa.PrimaryKeyConstraint("log_id", "holder_id"),
    )
    op.create_table(
        "holder_number",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "kind IN ('resident_id_18', 'resident_id_15_legacy', "
            "'hkmt_residence_permit', 'foreign_permanent_resident_2023', "
            "'organisation_code', 'uscc', 'passport_cn', 'mobile_cn', "
            "'electronic_licence_id', 'implementation_code')",
            name="ck_holder_number_kind",
        ),
        sa.CheckConstraint("key_version >= 1", name="ck_holder_number_key_version"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_holder_number_holder_id_bytes"),
        sa.CheckConstraint(
            "length(number_index) = 32", name="ck_holder_number_number_index_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id"],
            ["holder.log_id", "holder.holder_id"],
            name="fk_holder_number_holder",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "kind", "key_version"),
        sa.UniqueConstraint("kind", "number_index", name="uq_holder_number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holder_key",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('holder-data-key', 'holder-journal-key', 'holder-tag-key')",
            name="ck_holder_key_purpose",
        ),
        sa.CheckConstraint("state IN ('live', 'retired')", name="ck_holder_key_state"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_holder_key_holder_id_bytes"),
        sa.CheckConstraint("parent_version >= 1", name="ck_holder_key_parent_version"),
        sa.CheckConstraint("suite IN (1, 2)", name="ck_holder_key_suite"),
        sa.CheckConstraint("version >= 1", name="ck_holder_key_version"),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id"],
            ["holder.log_id", "holder.holder_id"],
            name="fk_holder_key_holder",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "purpose", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "service_case",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'to_complete', 'accepted', 'in_progress', "
            "'paused', 'decided', 'delivered', 'closed', 'not_accepted', 'withdrawn')",
            name="ck_service_case_state",
        ),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_service_case_department_id_bytes"
        ),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_service_case_holder_id_bytes"),
        sa.CheckConstraint("version >= 1", name="ck_service_case_version"),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "case_no"),
        sa.UniqueConstraint("case_no", name="uq_service_case_case_no"),
    )
    op.create_table(
        "notice",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("notice_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("read_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('access', 'refusal', 'record', 'consent', 'case')", name="ck_notice_kind"
        ),
        sa.CheckConstraint("length(entry_id) = 16", name="ck_notice_entry_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_notice_holder_id_bytes"),
        sa.CheckConstraint("length(notice_id) = 16", name="ck_notice_notice_id_bytes"),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "notice_id"),
    )
    op.create_index("ix_notice_at_ms", "notice", ["log_id", "holder_id", "at_ms"], unique=False)
