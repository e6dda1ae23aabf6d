"""What goes with a receipt: a statement of what was released, and the opening that binds it.

The receipt proves that a leaf is in the log; the leaf holds the hash of a sealed payload; the
opening is the key to that payload and what it is bound to. So whoever has all three can check
offline that the log says exactly what the statement says (journal.md 7). The opening of one
entry opens no other. Both are canonical JSON.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vault.crypto import contexts
from vault.crypto.keys import EntryKey
from vault.crypto.suites import Suite, suite_numbered
from vault.errors import IntegrityError
from vault.ids import CaseNumber, EntryId
from vault.journal.entries import Basis, Entry, On
from vault.journal.leaves import Leaf
from vault.journal.plain import (
    BASE64,
    HEX,
    INTEGER,
    TEXT,
    Part,
    Shape,
    many,
    octets,
    one_of,
    parse_canonical,
)
from vault.journal.sealing import EntryKeys, entry_key_of, open_payload, reference_of
from vault.journal.tags import actor_number

VERSION: Final = 1

_ID: Final = octets(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One piece of evidence in a statement: which, in which view, which fields."""

    code: str
    view: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an entry says was released; holds no value of any evidence.

    Attributes:
        at_ms: UTC milliseconds.
    """

    entry_id: EntryId
    at_ms: int
    basis: Basis
    item: str | None = None
    case_no: CaseNumber | None = None
    evidence: tuple[Released, ...] = ()

    @classmethod
    def of(cls, entry: Entry, /) -> "Statement":
        """Return the statement that ``entry`` bears out."""
        on = entry.on or On()
        return cls(
            entry_id=entry.entry_id,
            at_ms=entry.at_ms,
            basis=entry.basis,
            item=on.item,
            case_no=on.case_no,
            evidence=tuple(
                Released(code=one.code, view=one.view, fields=one.fields) for one in entry.evidence
            ),
        )

    def to_json(self) -> bytes:
        """Return the statement as a file."""
        return _STATEMENT.to_json(self, v=VERSION)

    @classmethod
    def from_json(cls, data: bytes, /) -> "Statement":
        """Return the statement that ``to_json`` wrote.

        Raises:
            IntegrityError: It is anything else.
        """
        return _STATEMENT.read(_versioned(data))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opening:
    """All that it takes to open one entry; a secret of those whom it concerns.

    Attributes:
        holder_ref: Stands for the holder in this entry alone.
        lane, actor_seq: The actor's own number.
        entry_key: Opens this payload and nothing else.
        payload: The sealed payload.
    """

    suite: int
    vault_id: bytes
    entry_id: EntryId
    holder_ref: bytes
    lane: int
    actor_seq: int
    entry_key: bytes
    payload: bytes

    def __post_init__(self) -> None:
        """Refuse a lane or number that no actor has."""
        actor_number(self.lane, self.actor_seq)

    def to_json(self) -> bytes:
        """Return the opening as a file."""
        return _OPENING.to_json(self, v=VERSION)

    @classmethod
    def from_json(cls, data: bytes, /) -> "Opening":
        """Return the opening that ``to_json`` wrote.

        Raises:
            IntegrityError: It is anything else.
        """
        return _OPENING.read(_versioned(data))


def make_opening(
    payload: bytes,
    *,
    keys: EntryKeys,
    entry_id: EntryId,
    holder_seq: int | None,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
) -> Opening:
    """Return the opening of a stored entry; the arguments are those of ``open_entry``."""
    key = entry_key_of(keys, entry_id, holder_seq=holder_seq, actor_seq=actor_seq)
    return Opening(
        suite=int(suite),
        vault_id=vault_id,
        entry_id=entry_id,
        holder_ref=reference_of(keys, entry_id),
        lane=keys.actor_lane,
        actor_seq=actor_seq,
        entry_key=key.reveal(),
        payload=payload,
    )


def verify_opening(opening: Opening, *, leaf: bytes, statement: Statement | None = None) -> Entry:
    """Open an entry and check it against its public leaf, and against a statement about it.

    Args:
        opening: From the vault.
        leaf: From a verified receipt, or from the public log.
        statement: What somebody says was released.

    Returns:
        The entry, which is what the log holds.

    Raises:
        IntegrityError: Key, payload, leaf and statement do not belong together.
    """
    public = Leaf.from_bytes(leaf)
    suite = suite_numbered(opening.suite)
    if public.suite != suite or sha256(opening.payload).digest() != public.payload_hash:
        raise IntegrityError("the opening belongs to another leaf")
    context = contexts.audit_payload(
        suite=suite,
        vault_id=opening.vault_id,
        holder_ref=opening.holder_ref,
        actor_number=actor_number(opening.lane, opening.actor_seq),
        entry_id=opening.entry_id,
    )
    key = EntryKey(opening.entry_key, suite=suite)
    entry = open_payload(opening.payload, key=key, context=context, entry_id=opening.entry_id)
    if not public.dated(entry.at_ms):
        raise IntegrityError("the leaf has another date than the entry")
    if statement is not None and statement != Statement.of(entry):
        raise IntegrityError("the entry does not say what the statement says")
    return entry


def _versioned(data: bytes) -> dict[str, object]:
    found = parse_canonical(data)
    if not isinstance(found, dict) or found.pop("v", None) != VERSION:
        raise IntegrityError("the file has an unknown version")
    return found


_STATEMENT: Final = Shape(
    Statement,
    Part("entry", _ID, "entry_id", needed=True),
    Part("t", INTEGER, "at_ms", needed=True),
    Part("basis", one_of(Basis), needed=True),
    Part("item", TEXT),
    Part("case", TEXT, "case_no"),
    Part(
        "evidence",
        many(
            Shape(
                Released,
                Part("code", TEXT, needed=True),
                Part("view", TEXT),
                Part("fields", many(TEXT)),
            )
        ),
    ),
)
_OPENING: Final = Shape(
    Opening,
    Part("suite", INTEGER, needed=True),
    Part("vault", _ID, "vault_id", needed=True),
    Part("entry", _ID, "entry_id", needed=True),
    Part("holder_ref", _ID, needed=True),
    Part("lane", INTEGER, needed=True),
    Part("actor_seq", INTEGER, needed=True),
    Part("key", HEX, "entry_key", needed=True),
    Part("payload", BASE64, needed=True),
)
