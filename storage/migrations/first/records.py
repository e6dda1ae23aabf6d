"""Records, versions, files and keys."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables."""
    op.create_table(
        "record",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("payload_version", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trust_grade", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("served_until", sa.Text(), nullable=True),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint(
            "status IN ('01', '02', '03', '04', '05', '06', '07', '99')", name="ck_record_status"
        ),
        sa.CheckConstraint("trust_grade IN ('A', 'B', 'C', 'D')", name="ck_record_trust_grade"),
        sa.CheckConstraint("length(department_id) = 16", name="ck_record_department_id_bytes"),
        sa.CheckConstraint("length(entry_id) = 16", name="ck_record_entry_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_record_holder_id_bytes"),
        sa.CheckConstraint("length(record_id) = 16", name="ck_record_record_id_bytes"),
        sa.CheckConstraint(
            "payload_version >= 1 AND payload_version <= version", name="ck_record_version"
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "record_id"),
        sa.UniqueConstraint("record_id", name="uq_record_record_id"),
    )
    op.create_index("ix_record_code", "record", ["log_id", "holder_id", "code"], unique=False)
    op.create_table(
        "record_version",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payload_version", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trust_grade", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("served_until", sa.Text(), nullable=True),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=True),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "status IN ('01', '02', '03', '04', '05', '06', '07', '99')",
            name="ck_record_version_status",
        ),
        sa.CheckConstraint(
            "trust_grade IN ('A', 'B', 'C', 'D')", name="ck_record_version_trust_grade"
        ),
        sa.CheckConstraint(
            "(sealed IS NULL) = (payload_version < version) AND (suite IS NULL) = "
            "(sealed IS NULL) AND (length IS NULL) = (sealed IS NULL) AND (sha256 IS "
            "NULL) = (sealed IS NULL) AND (commitment IS NULL) = (sealed IS NULL)",
            name="ck_record_version_payload",
        ),
        sa.CheckConstraint("length(commitment) = 32", name="ck_record_version_commitment_bytes"),
        sa.CheckConstraint(
            "length(department_id) = 16", name="ck_record_version_department_id_bytes"
        ),
        sa.CheckConstraint("length(entry_id) = 16", name="ck_record_version_entry_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_record_version_holder_id_bytes"),
        sa.CheckConstraint("length(record_id) = 16", name="ck_record_version_record_id_bytes"),
        sa.CheckConstraint("length(sha256) = 32", name="ck_record_version_sha256_bytes"),
        sa.CheckConstraint(
            "payload_version >= 1 AND payload_version <= version", name="ck_record_version_version"
        ),
        sa.CheckConstraint(
            "sealed IS NULL OR length(sealed) <= 1052672", name="ck_record_version_sealed"
        ),
        sa.CheckConstraint("suite IS NULL OR suite IN (1, 2)", name="ck_record_version_suite"),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id", "record_id"],
            ["record.log_id", "record.holder_id", "record.record_id"],
            name="fk_record_version_record",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "record_id", "version"),
    )
    op.create_table(
        "record_file",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("length >= 0", name="ck_record_file_length"),
        sa.CheckConstraint("length(commitment) = 32", name="ck_record_file_commitment_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_record_file_holder_id_bytes"),
        sa.CheckConstraint("length(record_id) = 16", name="ck_record_file_record_id_bytes"),
        sa.CheckConstraint("length(sha256) = 32", name="ck_record_file_sha256_bytes"),
        sa.CheckConstraint("number >= 1", name="ck_record_file_number"),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id", "record_id", "version"],
            [
                "record_version.log_id",
                "record_version.holder_id",
                "record_version.record_id",
                "record_version.version",
            ],
            name="fk_record_file_record_version",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "record_id", "version", "number"),
        sa.UniqueConstraint("object_key", name="uq_record_file_object_key"),
    )
    op.create_table(
        "record_key",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('live', 'retired')", name="ck_record_key_state"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_record_key_holder_id_bytes"),
        sa.CheckConstraint("length(record_id) = 16", name="ck_record_key_record_id_bytes"),
        sa.CheckConstraint("parent_version >= 1", name="ck_record_key_parent_version"),
        sa.CheckConstraint("suite IN (1, 2)", name="ck_record_key_suite"),
        sa.ForeignKeyConstraint(
            ["log_id", "holder_id", "record_id", "version"],
            [
                "record_version.log_id",
                "record_version.holder_id",
                "record_version.record_id",
                "record_version.version",
            ],
            name="fk_record_key_record_version",
        ),
        sa.PrimaryKeyConstraint("log_id", "holder_id", "record_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "blob_intent",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'committed', 'deleting')", name="ck_blob_intent_state"
        ),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_blob_intent_holder_id_bytes"),
        sa.CheckConstraint("length(object_key) = 32", name="ck_blob_intent_object_key"),
        sa.PrimaryKeyConstraint("object_key"),
    )
    op.create_index(
        "ix_blob_intent_expires_at", "blob_intent", ["state", "expires_at"], unique=False
    )
