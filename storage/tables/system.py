"""What a deployment is: its id, its own wrapped keys, and the policies that decide."""

from sqlmodel import SQLModel

from storage.tables.columns import (
    SMALL_ROWS,
    among,
    bytes_column,
    checks,
    hash_column,
    id_column,
    optional_hash,
    part_of_key,
    refers,
    text_column,
)
from storage.tables.holders import SUITES
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrapState

SYSTEM_KEYS = (Purpose.VAULT_KEY, Purpose.SERVICE_KEY, Purpose.DEPARTMENT_TAG_KEY)


class VaultRow(SQLModel, table=True):
    """The one row that says which vault this is."""

    __tablename__ = "vault_meta"
    __table_args__ = checks("vault_meta", one="meta_id = 1")
    meta_id: int = part_of_key()
    vault_id: bytes = id_column()


class SchemaFloorRow(SQLModel, table=True):
    """The one row that says which program is the oldest that may serve this schema.

    A migration that only adds leaves it alone; one that removes what older programs use raises
    it first.
    """

    __tablename__ = "schema_floor"
    __table_args__ = checks("schema_floor", one="floor_id = 1")
    floor_id: int = part_of_key()
    oldest: str = text_column()


class SystemKeyRow(SQLModel, table=True):
    """A wrapped key of the deployment itself; tag keys are those of the reserved actors."""

    __tablename__ = "system_key"
    __table_args__ = (
        *checks(
            "system_key",
            purpose=among("purpose", values=SYSTEM_KEYS),
            version="version >= 1",
            parent_version="parent_version >= 0",
            suite=SUITES,
            state=among("state", values=WrapState),
        ),
        SMALL_ROWS,
    )
    purpose: str = text_column(key=True)
    owner_id: bytes = id_column(key=True)
    name: str = text_column(key=True)
    version: int = part_of_key()
    parent_version: int
    suite: int
    wrap: bytes = bytes_column()
    state: str = text_column()


class PolicyBundleRow(SQLModel, table=True):
    """The text of a policy bundle, kept for ever, so that decisions can be replayed."""

    __tablename__ = "policy_bundle"
    bundle_hash: bytes = hash_column(key=True)
    text: str = text_column()


class PolicyPointerRow(SQLModel, table=True):
    """The bundle that decides now. **Guarded**: written by journal operations only."""

    __tablename__ = "policy_pointer"
    __table_args__ = (
        refers("policy_pointer", ("bundle_hash",), to="policy_bundle"),
        *checks("policy_pointer", one="pointer_id = 1", version="version >= 1"),
    )
    pointer_id: int = part_of_key()
    bundle_hash: bytes = hash_column()
    version: int
    mac: bytes | None = optional_hash()
