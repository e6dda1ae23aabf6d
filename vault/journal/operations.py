"""What is handed to the journal, and what comes back.

A ``Change`` alters a space; a ``Disclosure`` releases from it (or shows what is held). Both
are decided before they queue. Under the journal lock a change is guarded anew, one by one; a
disclosure stands if none of the rows it was decided on has changed (``seen``) and no instant
has passed at which time alone would change the decision (``holds_until_ms``). Otherwise it is
decided anew from live rows.

``Committed`` is made by the journal writer alone, after its commit returned: holding one is
the proof that the entry is in the log, and the only thing that opens record keys.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Protocol

from policies.access import Deny, Permit
from vault.clients.protocol import Claim
from vault.crypto.keys import WrappedKey
from vault.ids import EntryId, GrantId, Space
from vault.journal.entries import Entry
from vault.journal.receipts import Receipt
from vault.journal.sealing import EntryKeys
from vault.notices import Notice
from vault.ports import Tx
from vault.records import VersionRef
from vault.use_receipts import UseReceipt

DEADLINE_SECONDS: Final = 5.0
"""How long an operation may wait for its turn, and how long for its commit (journal.md 2.6)."""

Decision = Permit | Deny


class Guarded(StrEnum):
    """Tables that only journal operations write, each row with a version."""

    GRANT = "oauth_grant"
    RECORD = "record"
    HOLDER = "holder"
    CASE = "service_case"
    PASSKEY = "passkey"
    MANDATE = "mandate"
    CLIENT = "oauth_client"
    DEPARTMENT = "department"
    DEVELOPER = "developer"
    POLICY = "policy_pointer"
    SIGNING_KEYS = "signing_key_set"


class Seen(NamedTuple):
    """A guarded row that a decision read, by primary key and version."""

    table: Guarded
    key: tuple[int | bytes | str, ...]
    version: int


class Spend(NamedTuple):
    """One use of one evidence type of a consent."""

    space: Space
    grant_id: GrantId
    code: str


class Urgency(IntEnum):
    """What takes rights away goes first."""

    TAKES_AWAY = 0
    NORMAL = 1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decided:
    """A decision with everything it rests on.

    Attributes:
        seen: Every guarded row that was read.
        inputs: The canonical request that was decided, kept sealed for replay.
        holds_until_ms: First instant at which time alone might change it; ``None`` is never.
    """

    decision: Decision
    seen: tuple[Seen, ...]
    inputs: bytes
    holds_until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """A caller's own id for a state change, so that asking twice changes things once.

    Attributes:
        actor_id: Whose id it is: department, or holder.
        request_id: ``Idempotency-Key`` as sent, at most 128 characters.
        body_hash: Keyed hash of what was asked, 32 bytes; the same id for another body is refused.
        answer: What to answer when it is repeated; ids only, no values.
    """

    actor_id: bytes
    request_id: str
    body_hash: bytes
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Operation:
    """What changes and disclosures share.

    Attributes:
        log_id: Shard whose head orders it.
        space: The holder concerned; ``None`` for acts of the system.
        actor_id: Owner of the actor's counter: department, holders' own acts, or system.
        entry_id: Drawn beforehand, so that state rows can refer to it.
        keys: Unwrapped before the queue; the writer never waits for a key.
        decide: Decides anew from live rows; must not write, wait or decrypt. The integer is
            the batch's time in UTC milliseconds.
        entry: Builds the entry from the decision that counted and the batch's time.
        claims: Rows that are written whatever the decision.
        token_hash: Of the access token that asked; one that is revoked or expired when the
            batch is judged changes and discloses nothing. Empty where none asked.
        quota_id: Whose share of a batch it uses up.
    """

    log_id: int
    space: Space | None
    actor_id: bytes
    entry_id: EntryId
    keys: EntryKeys
    decided: Decided
    decide: Callable[[Tx, int], Decided]
    entry: Callable[[Decision, int], Entry]
    claims: tuple[Claim, ...] = ()
    token_hash: bytes = b""
    quota_id: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Change(Operation):
    """Alters guarded rows, in a savepoint of its own.

    Attributes:
        effect: The writes, given the batch's time. Raising undoes this change alone and
            leaves no entry; the caller gets the error.
    """

    effect: Callable[[Tx, int], None]
    request: Request | None = None
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Disclosure(Operation):
    """Shows something to somebody. All disclosures of a batch are judged together.

    Attributes:
        releases: Record versions whose keys are handed out if it is permitted.
        spends: Uses to count; one too many turns the permit into a refusal.
        notices: What the holder is told, built from the batch's time.
        owes: What the department owes for it if it is permitted, built from the batch's time.
        witnessed: Nothing leaves before a quorum of witnesses has signed the entry's tree.
    """

    releases: tuple[VersionRef, ...] = ()
    spends: tuple[Spend, ...] = ()
    notices: Callable[[Decision, int], tuple[Notice, ...]] = lambda _decision, _at_ms: ()
    owes: Callable[[int], UseReceipt] | None = None
    witnessed: bool = False


class Kept(NamedTuple):
    """What an entry was written as: all that its opening is made of, beside its keys.

    Attributes:
        payload: The sealed payload.
        holder_seq: The holder's number of it; ``None`` where there is no holder.
    """

    payload: bytes
    holder_seq: int | None
    actor_seq: int


class RecordWrap(NamedTuple):
    """A record key still wrapped, and the wrapped holder data key that opens it."""

    ref: VersionRef
    record_key: WrappedKey
    data_key: WrappedKey


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Committed:
    """Permitted, and in the log. Opens each key it names once, soon (``vault.journal.release``).

    Attributes:
        index: Position in the log.
        at_ms: The batch's time.
        committed_at: Monotonic seconds when the commit returned.
        needs_witness: It opens nothing yet (``vault.services.witnessing`` takes this away).
    """

    entry_id: EntryId
    index: int
    at_ms: int
    permit: Permit
    receipt: Receipt
    kept: Kept
    wraps: tuple[RecordWrap, ...]
    committed_at: float
    needs_witness: bool = False
    once: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Refused:
    """Refused, and in the log as a refusal."""

    entry_id: EntryId
    index: int
    at_ms: int
    deny: Deny
    receipt: Receipt
    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Repeated:
    """Asked before under the same id: the first answer, and no new entry."""

    answer: bytes


Outcome = Committed | Refused | Repeated


Pending = Future[Outcome]
"""An operation that waits for its commit; its result is the outcome, or raises what went wrong."""


class Journal(Protocol):
    """Orders operations, and answers once their entries are durable."""

    def submit(self, operation: Change | Disclosure) -> Outcome:
        """Queue ``operation``, wait for its commit, return the outcome.

        Raises:
            JournalUnavailableError: Not known to be committed; nothing may be released.
            ConflictError, InvalidInputError: The effect of a change refused; nothing changed.
        """
        ...

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        """Queue ``operation`` without waiting.

        Raises:
            JournalUnavailableError: Too much waits, or the journal has stopped.
        """
        ...

    @property
    def waiting(self) -> bool:
        """Say whether the journal takes entries; for readiness."""
        ...
