"""The log, with the triggers that keep it, as each kind of database says them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

_SQLITE: Final = (
    """CREATE TRIGGER journal_entry_is_kept BEFORE DELETE ON journal_entry
    BEGIN SELECT RAISE(ABORT, 'journal entries are kept for ever'); END""",
    """CREATE TRIGGER journal_entry_is_fixed BEFORE UPDATE ON journal_entry
    WHEN NEW.payload IS NOT NULL
        OR (NEW.inputs IS NOT NULL AND NEW.inputs IS NOT OLD.inputs)
        OR NEW.log_id IS NOT OLD.log_id OR NEW.year IS NOT OLD.year OR NEW.idx IS NOT OLD.idx
        OR NEW.entry_id IS NOT OLD.entry_id OR NEW.holder_id IS NOT OLD.holder_id
        OR NEW.holder_seq IS NOT OLD.holder_seq OR NEW.actor_id IS NOT OLD.actor_id
        OR NEW.actor_seq IS NOT OLD.actor_seq OR NEW.key_version IS NOT OLD.key_version
        OR NEW.leaf IS NOT OLD.leaf OR NEW.leaf_hash IS NOT OLD.leaf_hash
    BEGIN SELECT RAISE(ABORT, 'of a journal entry only the payload may be removed'); END""",
    """CREATE TRIGGER log_tile_is_kept BEFORE DELETE ON log_tile
    BEGIN SELECT RAISE(ABORT, 'tiles are kept for ever'); END""",
    """CREATE TRIGGER log_tile_is_fixed BEFORE UPDATE ON log_tile
    BEGIN SELECT RAISE(ABORT, 'tiles are never rewritten'); END""",
)


_REFUSE: Final = """CREATE FUNCTION vault_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$
    """
_REFUSED: Final = "EXECUTE FUNCTION vault_refuse"
_POSTGRESQL: Final = (
    _REFUSE,
    f"""CREATE TRIGGER journal_entry_is_kept BEFORE DELETE ON journal_entry
    FOR EACH ROW {_REFUSED}('journal entries are kept for ever')""",
    f"""CREATE TRIGGER journal_entry_is_all_kept BEFORE TRUNCATE ON journal_entry
    FOR EACH STATEMENT {_REFUSED}('journal entries are kept for ever')""",
    f"""CREATE TRIGGER journal_entry_is_fixed BEFORE UPDATE ON journal_entry FOR EACH ROW WHEN (
        NEW.payload IS NOT NULL
        OR (NEW.inputs IS NOT NULL AND NEW.inputs IS DISTINCT FROM OLD.inputs)
        OR (NEW.log_id, NEW.year, NEW.idx, NEW.entry_id, NEW.holder_id, NEW.holder_seq,
            NEW.actor_id, NEW.actor_seq, NEW.key_version, NEW.leaf, NEW.leaf_hash)
        IS DISTINCT FROM (OLD.log_id, OLD.year, OLD.idx, OLD.entry_id, OLD.holder_id,
            OLD.holder_seq, OLD.actor_id, OLD.actor_seq, OLD.key_version, OLD.leaf, OLD.leaf_hash))
    {_REFUSED}('of a journal entry only the payload may be removed')""",
    f"""CREATE TRIGGER log_tile_is_kept BEFORE DELETE ON log_tile
    FOR EACH ROW {_REFUSED}('tiles are kept for ever')""",
    f"""CREATE TRIGGER log_tile_is_all_kept BEFORE TRUNCATE ON log_tile
    FOR EACH STATEMENT {_REFUSED}('tiles are kept for ever')""",
    f"""CREATE TRIGGER log_tile_is_fixed BEFORE UPDATE ON log_tile
    FOR EACH ROW {_REFUSED}('tiles are never rewritten')""",
    # Each batch writes a new version of the one head: the page has room for many (2.6 rule 8).
    "ALTER TABLE log_head SET (fillfactor = 10)",
)


def create() -> None:
    """Create the tables."""
    op.create_table(
        "log_head",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("frozen", sa.Integer(), nullable=False),
        sa.CheckConstraint("frozen IN (0, 1)", name="ck_log_head_frozen"),
        sa.CheckConstraint("length(root) = 32", name="ck_log_head_root_bytes"),
        sa.CheckConstraint("size >= 0", name="ck_log_head_size"),
        sa.PrimaryKeyConstraint("log_id", "year"),
    )
    op.create_table(
        "log_tile",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(length=8192), nullable=False),
        sa.CheckConstraint("idx >= 0", name="ck_log_tile_idx"),
        sa.CheckConstraint("length(data) = 8192", name="ck_log_tile_data_bytes"),
        sa.CheckConstraint("level >= 0", name="ck_log_tile_level"),
        sa.PrimaryKeyConstraint("log_id", "year", "level", "idx"),
    )
    op.create_table(
        "journal_entry",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("holder_seq", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("actor_seq", sa.BigInteger(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=70), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(holder_id IS NULL) = (holder_seq IS NULL)", name="ck_journal_entry_holder_seq"
        ),
        sa.CheckConstraint("idx >= 0", name="ck_journal_entry_idx"),
        sa.CheckConstraint("length(actor_id) = 16", name="ck_journal_entry_actor_id_bytes"),
        sa.CheckConstraint("length(entry_id) = 16", name="ck_journal_entry_entry_id_bytes"),
        sa.CheckConstraint("length(holder_id) = 16", name="ck_journal_entry_holder_id_bytes"),
        sa.CheckConstraint("length(leaf) = 70", name="ck_journal_entry_leaf_bytes"),
        sa.CheckConstraint("length(leaf_hash) = 32", name="ck_journal_entry_leaf_hash_bytes"),
        sa.PrimaryKeyConstraint("log_id", "year", "idx"),
        sa.UniqueConstraint("log_id", "actor_id", "actor_seq", name="uq_journal_entry_actor_seq"),
        sa.UniqueConstraint("log_id", "entry_id", name="uq_journal_entry_entry_id"),
        sa.UniqueConstraint(
            "log_id", "holder_id", "holder_seq", name="uq_journal_entry_holder_seq"
        ),
    )
    op.create_table(
        "journal_counter",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(owner_id) = 16", name="ck_journal_counter_owner_id_bytes"),
        sa.CheckConstraint("seq >= 1", name="ck_journal_counter_seq"),
        sa.PrimaryKeyConstraint("log_id", "owner_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_id",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(actor_id) = 16", name="ck_request_id_actor_id_bytes"),
        sa.CheckConstraint("length(body_hash) = 32", name="ck_request_id_body_hash_bytes"),
        sa.CheckConstraint("length(entry_id) = 16", name="ck_request_id_entry_id_bytes"),
        sa.PrimaryKeyConstraint("log_id", "actor_id", "request_id"),
    )
    for rule in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(rule)
