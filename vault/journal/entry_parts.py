"""The parts of an entry: who, on what, what was seen, decided, changed, said (journal.md 3)."""

from dataclasses import dataclass
from enum import StrEnum

from vault.ids import CaseNumber, ClientId, DepartmentId, EntryId, GrantId


class Result(StrEnum):
    """What was decided."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acted.

    Attributes:
        officer, member: Pairwise references, never names or numbers.
        acting: Chain of those acted for, nearest first (RFC 8693 s. 4.1).
    """

    department: DepartmentId | None = None
    client: ClientId | None = None
    officer: str | None = None
    member: str | None = None
    acting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class On:
    """Under which grant, for which matter."""

    grant: GrantId | None = None
    grant_version: int | None = None
    item: str | None = None
    case_no: CaseNumber | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece of evidence; a refusal or list may name the code alone.

    Attributes:
        record: Reference made by ``sealing.record_ref``, 16 bytes.
        manifest: SHA-256 of the sealed object that was released.
        fields: Catalogue fields released, sorted.
    """

    code: str
    record: bytes | None = None
    version: int | None = None
    manifest: bytes | None = None
    view: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policies said, so that it can be replayed.

    Attributes:
        reasons: The ``@id`` of each policy that refused.
        bundle: SHA-256 of the policy bundle.
        inputs: SHA-256 of the canonical decision inputs.
    """

    result: Result
    reasons: tuple[str, ...] = ()
    bundle: bytes
    inputs: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """Which guarded row changed, and what it is now.

    Attributes:
        object: Table, as in ``operations.Guarded``.
        id: Its id as text.
        came_from, became: State before and after; ``None`` before there was one.
        version: The row's version from now on.
    """

    object: str
    id: str
    came_from: str | None = None
    became: str | None = None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTrace:
    """How it was asked: enough to find it in the caller's own logs.

    Attributes:
        dpop_jkt: Thumbprint of the proof key (RFC 7638).
        certificate: Thumbprint of the client certificate in place of one (RFC 8705 s. 3.1).
        assertion, proof, object: SHA-256 of the client assertion, of the DPoP proof and of the
            signed request (RFC 9101), each as sent.
        network: Prefix of the caller's address, /24 or /48.
    """

    request_id: str | None = None
    dpop_jkt: str | None = None
    certificate: str | None = None
    assertion: bytes | None = None
    proof: bytes | None = None
    object: bytes | None = None
    network: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedUntil:
    """Until when the holder is not shown this entry, and which law says so."""

    until_ms: int
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The text that a holder decided on: its SHA-256 and its language."""

    text: bytes
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """What a holder demands about a pull, or what the department answers.

    Attributes:
        kind: ``explain`` or ``delete``.
        pull: Entry of the pull.
        demand: Entry of the demand, in its answer.
        outcome: ``answered`` or ``refused``, in an answer.
        text: Words of the answer.
    """

    kind: str
    pull: EntryId
    demand: EntryId | None = None
    outcome: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a department says it did with what a pull released.

    Attributes:
        pull: Entry of the pull.
        outcome: ``used``, ``unused`` or ``purged``.
        decision: Number of the decision it was used for.
        kept_until: Last legal day on which it is kept, such as ``2029-12-31``.
    """

    pull: EntryId
    outcome: str
    decision: str | None = None
    kept_until: str | None = None
