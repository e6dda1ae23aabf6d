"""Records: the head that guards judge, every version, its files and its wrapped key.

A sealed payload lies in its version's row. Up to 64 KiB is what the design asks for; there is
no other way in this release, so that one of up to 1 MiB lies there as well.
"""

from typing import Final

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    among,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_bytes,
    optional_hash,
    optional_long,
    optional_text,
    part_of_key,
    refers,
    text_column,
)
from storage.tables.holders import SUITES
from vault.crypto.keys import WrapState
from vault.records import RecordStatus, TrustGrade

MAX_SEALED_BYTES: Final = 2**20 + 2**12
"""A payload of 1 MiB (crypto.md 5) with the header and the tags of its chunks."""

_RECORD: Final = ("log_id", "holder_id", "record_id")
_STATES: Final = {
    "status": among("status", values=RecordStatus),
    "trust_grade": among("trust_grade", values=TrustGrade),
    "version": "payload_version >= 1 AND payload_version <= version",
}
INTENT_STATES: Final = ("pending", "committed", "deleting")


class RecordRow(SQLModel, table=True):
    """The newest version of a record. **Guarded**: written by journal operations only."""

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("record_id", name="uq_record_record_id"),
        Index("ix_record_code", "log_id", "holder_id", "code"),
        *checks("record", **_STATES),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    record_id: bytes = id_column(key=True)
    version: int
    payload_version: int
    code: str = text_column()
    department_id: bytes = id_column()
    status: str = text_column()
    trust_grade: str = text_column()
    valid_from: str | None = optional_text()
    valid_to: str | None = optional_text()
    served_until: str | None = optional_text()
    updated_at_ms: int = long_column()
    entry_id: bytes = id_column()
    mac: bytes | None = optional_hash()


class RecordVersionRow(SQLModel, table=True):
    """One version, never changed; a payload where it has its own."""

    __tablename__ = "record_version"
    __table_args__ = (
        refers("record_version", _RECORD, to="record"),
        *checks(
            "record_version",
            **_STATES,
            suite=f"suite IS NULL OR {SUITES}",
            payload="(sealed IS NULL) = (payload_version < version)"
            " AND (suite IS NULL) = (sealed IS NULL) AND (length IS NULL) = (sealed IS NULL)"
            " AND (sha256 IS NULL) = (sealed IS NULL) AND (commitment IS NULL) = (sealed IS NULL)",
            sealed=f"sealed IS NULL OR length(sealed) <= {MAX_SEALED_BYTES}",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    record_id: bytes = id_column(key=True)
    version: int = part_of_key()
    payload_version: int
    code: str = text_column()
    department_id: bytes = id_column()
    status: str = text_column()
    trust_grade: str = text_column()
    valid_from: str | None = optional_text()
    valid_to: str | None = optional_text()
    served_until: str | None = optional_text()
    updated_at_ms: int = long_column()
    entry_id: bytes = id_column()
    suite: int | None = None
    length: int | None = optional_long()
    sha256: bytes | None = optional_hash()
    commitment: bytes | None = optional_hash()
    sealed: bytes | None = optional_bytes()


class RecordFileRow(SQLModel, table=True):
    """A sealed file of a version; an object belongs to one version only."""

    __tablename__ = "record_file"
    __table_args__ = (
        UniqueConstraint("object_key", name="uq_record_file_object_key"),
        refers("record_file", (*_RECORD, "version"), to="record_version"),
        *checks("record_file", number="number >= 1", length="length >= 0"),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    record_id: bytes = id_column(key=True)
    version: int = part_of_key()
    number: int = part_of_key()
    object_key: str = text_column()
    length: int = long_column()
    sha256: bytes = hash_column()
    commitment: bytes = hash_column()


class RecordKeyRow(SQLModel, table=True):
    """The wrapped key of a version that has its own payload."""

    __tablename__ = "record_key"
    __table_args__ = (
        refers("record_key", (*_RECORD, "version"), to="record_version"),
        *checks(
            "record_key",
            parent_version="parent_version >= 1",
            suite=SUITES,
            state=among("state", values=WrapState),
        ),
        SMALL_ROWS,
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    record_id: bytes = id_column(key=True)
    version: int = part_of_key()
    parent_version: int
    suite: int
    wrap: bytes = bytes_column()
    state: str = text_column()


class BlobIntentRow(SQLModel, table=True):
    """What is about to lie in the folder of sealed files (crypto.md 7)."""

    __tablename__ = "blob_intent"
    __table_args__ = (
        Index("ix_blob_intent_expires_at", "state", "expires_at"),
        *checks(
            "blob_intent",
            object_key="length(object_key) = 32",
            state=among("state", values=INTENT_STATES),
        ),
    )
    object_key: str = text_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    state: str = text_column()
    expires_at: int = long_column()
