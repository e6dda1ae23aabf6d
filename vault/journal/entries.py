"""What an entry says (journal.md 3): every kind of event, and its one sealed payload.

The payload is RFC 8785 JSON, then 0x80 and zeros up to a multiple of 256 bytes, at most 64 KiB:
lengths tell an onlooker little. An opened entry must not tell a department more than it knew,
so people and records stand in it as references that differ from department to department.
Names of kinds and keys are format: once released, never renamed and never used again.
"""

from dataclasses import dataclass
from typing import Final

from vault.errors import IntegrityError, InvalidInputError
from vault.ids import EntryId
from vault.journal.entry_parts import (
    By,
    Demanded,
    Evidence,
    On,
    RequestTrace,
    Result,
    SealedUntil,
    Shown,
    StateChange,
    Used,
    Verdict,
)
from vault.journal.kinds import Basis, Kind
from vault.journal.padding import pad, unpad
from vault.journal.plain import (
    INTEGER,
    TEXT,
    Part,
    Shape,
    many,
    octets,
    one_of,
    parse_canonical,
)

__all__ = [
    "Basis",
    "By",
    "Demanded",
    "Entry",
    "Evidence",
    "Kind",
    "On",
    "RequestTrace",
    "Result",
    "SealedUntil",
    "Shown",
    "StateChange",
    "Used",
    "Verdict",
]

ENTRY_VERSION: Final = 1

_ID: Final = octets(16)
_HASH: Final = octets(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event.

    Attributes:
        at_ms: The batch's time in UTC milliseconds; within a log it never falls.
        article: Legal article; there exactly where the basis is a duty.
        by, on, …: The rows of the table in journal.md 3.
    """

    entry_id: EntryId
    at_ms: int
    kind: Kind
    basis: Basis
    article: str | None = None
    by: By
    on: On | None = None
    evidence: tuple[Evidence, ...] = ()
    decision: Verdict | None = None
    change: StateChange | None = None
    request: RequestTrace | None = None
    sealed: SealedUntil | None = None
    shown: Shown | None = None
    used: Used | None = None
    demanded: Demanded | None = None

    def __post_init__(self) -> None:
        """Hold what the table says about basis and article."""
        if (self.article is not None) != (self.basis is Basis.DUTY):
            raise InvalidInputError("a duty, and only a duty, names its legal article")

    def to_bytes(self) -> bytes:
        """Return the padded payload, ready to be sealed.

        Raises:
            TooLargeError: It would be longer than 64 KiB.
        """
        return pad(_ENTRY.to_json(self, v=ENTRY_VERSION))

    @classmethod
    def from_bytes(cls, payload: bytes, /) -> "Entry":
        """Return the entry that ``to_bytes`` made.

        Raises:
            IntegrityError: The payload is anything else.
        """
        found = parse_canonical(unpad(payload))
        if not isinstance(found, dict) or found.pop("v", None) != ENTRY_VERSION:
            raise IntegrityError("the entry has an unknown version")
        return _ENTRY.read(found)


_BY: Final = Shape(
    By,
    Part("department", _ID),
    Part("client", TEXT),
    Part("officer", TEXT),
    Part("member", TEXT),
    Part("acting", many(TEXT)),
)
_ON: Final = Shape(
    On,
    Part("grant", _ID),
    Part("version", INTEGER, "grant_version"),
    Part("item", TEXT),
    Part("case", TEXT, "case_no"),
    Part("purpose", TEXT),
)
_EVIDENCE: Final = Shape(
    Evidence,
    Part("code", TEXT, needed=True),
    Part("record", _ID),
    Part("version", INTEGER),
    Part("manifest", _HASH),
    Part("view", TEXT),
    Part("fields", many(TEXT)),
)
_VERDICT: Final = Shape(
    Verdict,
    Part("result", one_of(Result), needed=True),
    Part("reasons", many(TEXT)),
    Part("bundle", _HASH, needed=True),
    Part("inputs", _HASH, needed=True),
)
_CHANGE: Final = Shape(
    StateChange,
    Part("object", TEXT, needed=True),
    Part("id", TEXT, needed=True),
    Part("from", TEXT, "came_from"),
    Part("to", TEXT, "became"),
    Part("version", INTEGER, needed=True),
)
_REQUEST: Final = Shape(
    RequestTrace,
    Part("id", TEXT, "request_id"),
    Part("dpop", TEXT, "dpop_jkt"),
    Part("certificate", TEXT),
    Part("assertion", _HASH),
    Part("proof", _HASH),
    Part("object", _HASH),
    Part("network", TEXT),
    Part("correlation", TEXT),
)
_ENTRY: Final = Shape(
    Entry,
    Part("id", _ID, "entry_id", needed=True),
    Part("t", INTEGER, "at_ms", needed=True),
    Part("kind", one_of(Kind), needed=True),
    Part("basis", one_of(Basis), needed=True),
    Part("article", TEXT),
    Part("by", _BY, needed=True),
    Part("on", _ON),
    Part("evidence", many(_EVIDENCE)),
    Part("decision", _VERDICT),
    Part("change", _CHANGE),
    Part("request", _REQUEST),
    Part(
        "sealed",
        Shape(
            SealedUntil,
            Part("until", INTEGER, "until_ms", needed=True),
            Part("article", TEXT, needed=True),
        ),
    ),
    Part(
        "shown", Shape(Shown, Part("text", _HASH, needed=True), Part("locale", TEXT, needed=True))
    ),
    Part(
        "used",
        Shape(
            Used,
            Part("pull", _ID, needed=True),
            Part("outcome", TEXT, needed=True),
            Part("decision", TEXT),
            Part("kept_until", TEXT),
        ),
    ),
    Part(
        "demanded",
        Shape(
            Demanded,
            Part("kind", TEXT, needed=True),
            Part("pull", _ID, needed=True),
            Part("demand", _ID),
            Part("outcome", TEXT),
            Part("text", TEXT),
        ),
    ),
)
