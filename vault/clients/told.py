"""What clients are told of by the server itself: sign-ins, and calls to their own addresses.

Times are whole UTC seconds (NumericDate, RFC 7519 s. 2).
"""

from dataclasses import dataclass, field

from vault.ids import ClientId


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldClient:
    """A client that was told of a sign-in, by an ID token, and will be told of its end.

    Attributes:
        sid: Of ``Authentication``.
        sub: What the client knows the person by.
        expires_at: Later than the sign-in can last.
    """

    sid: bytes
    client_id: ClientId
    sub: bytes
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """A call to a registered address of a client, kept sealed until it is made.

    Attributes:
        call_id: 16 random bytes.
        kind: Says who makes a request of the sealed part.
        sealed: Plain JSON (context ``outbox``).
        attempts: How often it was tried, or is being tried.
        next_at: When it is tried next, unless it is done before.
        outcome: A short word once it is done.
    """

    call_id: bytes
    kind: str
    sealed: bytes = field(repr=False)
    created_at: int
    next_at: int
    attempts: int = 0
    done_at: int | None = None
    outcome: str = ""
