"""The log at rest (journal.md 15). A log's own rows are led by ``log_id`` alone.

Triggers refuse every change of an entry but the removal of its payload, and every change of a
tile; the migration creates them, because they are no part of SQLAlchemy's metadata.
"""

from typing import Final

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_bytes,
    optional_id,
    optional_long,
    part_of_key,
    text_column,
)

LEAF_BYTES: Final = 70
TILE_BYTES: Final = 8192


class LogHeadRow(SQLModel, table=True):
    """The row under whose lock everything is ordered."""

    __tablename__ = "log_head"
    __table_args__ = checks("log_head", size="size >= 0", frozen="frozen IN (0, 1)")
    log_id: int = part_of_key()
    year: int = part_of_key()
    origin: str = text_column()
    size: int = long_column()
    root: bytes = hash_column()
    frontier: bytes = bytes_column()
    note: str = text_column()
    last_ms: int = long_column()
    frozen: int


class LogTileRow(SQLModel, table=True):
    """A full tile: 256 hashes."""

    __tablename__ = "log_tile"
    __table_args__ = checks("log_tile", level="level >= 0", idx="idx >= 0")
    log_id: int = part_of_key()
    year: int = part_of_key()
    level: int = part_of_key()
    idx: int = long_column(key=True)
    data: bytes = bytes_column(TILE_BYTES)


class EntryRow(SQLModel, table=True):
    """One entry: its public leaf, its sealed payload and the inputs of its decision."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        UniqueConstraint("log_id", "entry_id", name="uq_journal_entry_entry_id"),
        UniqueConstraint("log_id", "holder_id", "holder_seq", name="uq_journal_entry_holder_seq"),
        UniqueConstraint("log_id", "actor_id", "actor_seq", name="uq_journal_entry_actor_seq"),
        *checks(
            "journal_entry",
            idx="idx >= 0",
            holder_seq="(holder_id IS NULL) = (holder_seq IS NULL)",
        ),
    )
    log_id: int = part_of_key()
    year: int = part_of_key()
    idx: int = long_column(key=True)
    entry_id: bytes = id_column()
    holder_id: bytes | None = optional_id()
    holder_seq: int | None = optional_long()
    actor_id: bytes = id_column()
    actor_seq: int = long_column()
    key_version: int
    leaf: bytes = bytes_column(LEAF_BYTES)
    leaf_hash: bytes = hash_column()
    payload: bytes | None = optional_bytes()
    inputs: bytes | None = optional_bytes()


class CounterRow(SQLModel, table=True):
    """The last number that a holder or an actor was given."""

    __tablename__ = "journal_counter"
    __table_args__ = (*checks("journal_counter", seq="seq >= 1"), SMALL_ROWS)
    log_id: int = part_of_key()
    owner_id: bytes = id_column(key=True)
    seq: int = long_column()


class GuardedStateRow(SQLModel, table=True):
    """Vouches for the versions of all guarded rows of an owner (architecture.md 9.6)."""

    __tablename__ = "guarded_state"
    __table_args__ = checks("guarded_state", seq="seq >= 0", idx="(idx < 0) = (seq = 0)")
    log_id: int = part_of_key()
    owner_id: bytes = id_column(key=True)
    seq: int = long_column()
    idx: int = long_column()
    versions: bytes = bytes_column()
    mac: bytes = hash_column()


class WitnessStateRow(SQLModel, table=True):
    """What a witness signed last, or, under an empty name, what a quorum of them did."""

    __tablename__ = "witness_state"
    __table_args__ = checks("witness_state", size="size >= 0")
    log_id: int = part_of_key()
    witness: str = text_column(key=True)
    size: int = long_column()
    note: str = text_column()
    at_ms: int = long_column()
    trouble: str = text_column()


class RequestRow(SQLModel, table=True):
    """A caller's own id for a state change, and what was answered (architecture.md 9.10)."""

    __tablename__ = "request_id"
    log_id: int = part_of_key()
    actor_id: bytes = id_column(key=True)
    request_id: str = text_column(key=True)
    body_hash: bytes = hash_column()
    entry_id: bytes = id_column()
    answer: bytes = bytes_column()
