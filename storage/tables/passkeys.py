"""Passkeys, how they were used, and challenges that wait for an answer."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.tables.columns import (
    among,
    bytes_column,
    checks,
    hash_column,
    id_column,
    long_column,
    optional_hash,
    optional_long,
    part_of_key,
    text_column,
)
from vault.passkeys import Ceremony, PasskeyStatus


class PasskeyRow(SQLModel, table=True):
    """A passkey. **Guarded**: written by journal operations only."""

    __tablename__ = "passkey"
    __table_args__ = (
        UniqueConstraint("credential_hash", name="uq_passkey_credential_hash"),
        *checks(
            "passkey",
            status=among("status", values=PasskeyStatus),
            version="version >= 1",
            device_bound="device_bound IN (0, 1)",
            attested="attested IN (0, 1)",
            ended_at_ms="(status = 'removed') = (ended_at_ms IS NOT NULL)",
        ),
    )
    log_id: int = part_of_key()
    holder_id: bytes = id_column(key=True)
    passkey_id: bytes = id_column(key=True)
    credential_hash: bytes = hash_column()
    credential_id: bytes = bytes_column()
    public_key: bytes = bytes_column()
    status: str = text_column()
    version: int
    device_bound: int
    attested: int
    attestation: str = text_column()
    aaguid: bytes = id_column()
    name: bytes = bytes_column()
    created_at_ms: int = long_column()
    ended_at_ms: int | None = optional_long()
    state_entry: bytes = id_column()
    mac: bytes | None = optional_hash()


class PasskeyUseRow(SQLModel, table=True):
    """What each use of a passkey changes, found by the credential that a browser presents."""

    __tablename__ = "passkey_use"
    __table_args__ = (
        *checks("passkey_use", sign_count="sign_count >= 0", backed_up="backed_up IN (0, 1)"),
    )
    credential_hash: bytes = hash_column(key=True)
    log_id: int
    holder_id: bytes = id_column()
    sign_count: int = long_column()
    backed_up: int
    last_used_at: int | None = optional_long()


class ChallengeRow(SQLModel, table=True):
    """A challenge that a browser was given, and is deleted when it is answered."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        Index("ix_passkey_challenge_expires_at", "expires_at"),
        *checks("passkey_challenge", ceremony=among("ceremony", values=Ceremony)),
    )
    challenge_hash: bytes = hash_column(key=True)
    bound_hash: bytes = hash_column()
    ceremony: str = text_column()
    expires_at: int = long_column()
