"""Holders, the keyed hashes of their numbers, and their wrapped keys."""

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    among,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_hash,
    part_of_key,
    refers,
    text_column,
)
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrapState
from vault.crypto.suites import Suite
from vault.holders import HolderKind, HolderState
from vault.identifiers import IdentifierKind

SUITES = f"suite IN ({', '.join(str(int(suite)) for suite in Suite)})"
HOLDER_KEYS = (Purpose.HOLDER_DATA_KEY, Purpose.HOLDER_JOURNAL_KEY, Purpose.HOLDER_TAG_KEY)


class HolderRow(SQLModel, table=True):
    """A space. **Guarded**: written by journal operations only."""

    __tablename__ = "holder"
    __table_args__ = checks(
        "holder",
        kind=among("kind", values=HolderKind),
        state=among("state", values=HolderState),
        version="version >= 1",
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    kind: str = text_column()
    state: str = text_column()
    version: int
    profile: bytes = bytes_column()
    created_at_ms: int = long_column()
    mac: bytes | None = optional_hash()


class HolderNumberRow(SQLModel, table=True):
    """Finds a space by the keyed hash of a number (crypto.md 11)."""

    __tablename__ = "holder_number"
    __table_args__ = (
        UniqueConstraint("kind", "number_index", name="uq_holder_number"),
        refers("holder_number", ("log_id", "holder_id"), to="holder"),
        *checks(
            "holder_number",
            kind=among("kind", values=IdentifierKind),
            key_version="key_version >= 1",
        ),
        SMALL_ROWS,
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    kind: str = text_column(key=True)
    key_version: int = part_of_key()
    number_index: bytes = hash_column()


class HolderKeyRow(SQLModel, table=True):
    """A wrapped key of a holder. Destroying the data key erases the holder's records."""

    __tablename__ = "holder_key"
    __table_args__ = (
        refers("holder_key", ("log_id", "holder_id"), to="holder"),
        *checks(
            "holder_key",
            purpose=among("purpose", values=HOLDER_KEYS),
            version="version >= 1",
            parent_version="parent_version >= 1",
            suite=SUITES,
            state=among("state", values=WrapState),
        ),
        SMALL_ROWS,
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    purpose: str = text_column(key=True)
    version: int = part_of_key()
    parent_version: int
    suite: int
    wrap: bytes = bytes_column()
    state: str = text_column()
