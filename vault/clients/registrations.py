"""How a client came in by itself (RFC 7591), and with what it manages its registration (7592)."""

from dataclasses import dataclass, field

from vault.ids import ClientId, DepartmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialToken:
    """What a department was handed to register one client with.

    Attributes:
        token_hash: Keyed hash, 32 bytes.
        department_id: Whose client it may register; no other's.
        expires_at: UTC seconds.
        spent_at: When a client was registered with it.
    """

    token_hash: bytes = field(repr=False)
    department_id: DepartmentId
    expires_at: int
    spent_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What stays of a client's own registration.

    Attributes:
        token_hash: Keyed hash of the registration access token, 32 bytes.
        statement: The software statement as it was sent, which an answer repeats unchanged.
        once: ``Statement.once``; no other client is registered with the same.
        registered_at: UTC seconds.
    """

    client_id: ClientId
    token_hash: bytes = field(repr=False)
    statement: str = field(repr=False)
    once: bytes
    registered_at: int
