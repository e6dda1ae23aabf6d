"""Seals an entry under a key of its own, and makes its leaf (journal.md 3, 4).

    entry key = HKDF-Expand(journal key, "cv1/audit-entry" ‖ u64 holder_seq ‖ entry_id)

Both sequences, the holder's and the actor's, start at 0 and have no holes. An entry without a
holder has a random tag, the reference of nobody, and a key derived from the actor's number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from vault.crypto import contexts
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keys import (
    DepartmentTagKey,
    EntryKey,
    HolderJournalKey,
    HolderTagKey,
    SystemJournalKey,
)
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import EntryId, RandomBytes
from vault.journal.entries import Entry
from vault.journal.leaves import TAG_BYTES, Leaf, hour_of
from vault.journal.merkle import leaf_hash
from vault.journal.padding import pad, unpad
from vault.journal.tags import NOBODY, actor_number, actor_tag, holder_ref, holder_tag, u64

JournalKey = HolderJournalKey | SystemJournalKey


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EntryKeys:
    """What one entry is sealed and tagged with.

    Attributes:
        journal_key: The holder's, or the system's for erasures and entries without a holder.
        journal_key_version: Stands in the entry's row.
        holder_tag_key: ``None`` exactly where the entry concerns no holder.
        actor_tag_key: Of the department, of all holders' own acts, or of the system.
        actor_lane: Number of the shard, below 2^16.
    """

    journal_key: JournalKey
    journal_key_version: int
    holder_tag_key: HolderTagKey | None
    actor_tag_key: DepartmentTagKey
    actor_lane: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedEntry:
    """What is stored of an entry.

    Attributes:
        leaf: The public 70 bytes.
        payload: The sealed payload, whose hash the leaf holds.
    """

    leaf: bytes
    leaf_hash: bytes
    payload: bytes


def seal_entry(
    entry: Entry,
    *,
    keys: EntryKeys,
    holder_seq: int | None,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
    random: RandomBytes,
    round_hours: int = 1,
) -> SealedEntry:
    """Return ``entry`` sealed, with its leaf.

    Args:
        entry: What happened, with the batch's time.
        keys: Keys of the suite ``suite``.
        holder_seq: The holder's next number; ``None`` exactly where there is no holder.
        actor_seq: The actor's next number.
        vault_id: 16 bytes.
        suite: Suite of the journal key.
        random: Gives salts, and the tag of entries without a holder.
        round_hours: 24 where the log dates its leaves by the day.

    Raises:
        InvalidInputError: A holder without a number, or a number without a holder.
        TooLargeError: The payload would be longer than 64 KiB.
        IntegrityError: The journal key is of another suite.
    """
    key = entry_key_of(keys, entry.entry_id, holder_seq=holder_seq, actor_seq=actor_seq)
    context = _bound(
        contexts.audit_payload,
        keys,
        entry.entry_id,
        actor_seq=actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    payload = seal(key, context, entry.to_bytes(), random=random)
    if keys.holder_tag_key is None or holder_seq is None:
        tag = random(TAG_BYTES)
    else:
        tag = holder_tag(keys.holder_tag_key, holder_seq)
    leaf = Leaf(
        suite=suite,
        hour=hour_of(entry.at_ms, round_hours=round_hours),
        holder_tag=tag,
        actor_tag=actor_tag(keys.actor_tag_key, lane=keys.actor_lane, seq=actor_seq),
        payload_hash=sha256(payload).digest(),
    ).to_bytes()
    return SealedEntry(leaf=leaf, leaf_hash=leaf_hash(leaf), payload=payload)


def open_entry(
    payload: bytes,
    *,
    keys: EntryKeys,
    entry_id: EntryId,
    holder_seq: int | None,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
) -> Entry:
    """Return the entry inside a sealed payload; the arguments are those of ``seal_entry``.

    Raises:
        IntegrityError: It does not open with these keys and numbers, or is another entry.
    """
    context = _bound(
        contexts.audit_payload, keys, entry_id, actor_seq=actor_seq, vault_id=vault_id, suite=suite
    )
    key = entry_key_of(keys, entry_id, holder_seq=holder_seq, actor_seq=actor_seq)
    return open_payload(payload, key=key, context=context, entry_id=entry_id)


def open_payload(
    payload: bytes, *, key: EntryKey, context: contexts.Context, entry_id: EntryId
) -> Entry:
    """Return the entry that ``payload`` opens to under an entry key.

    Raises:
        IntegrityError: It does not open, or is not the entry ``entry_id``.
    """
    entry = Entry.from_bytes(open_sealed(key, context, payload))
    if entry.entry_id != entry_id:
        raise IntegrityError("the payload is that of another entry")
    return entry


def seal_decision_inputs(
    inputs: bytes,
    *,
    keys: EntryKeys,
    entry_id: EntryId,
    holder_seq: int | None,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
    random: RandomBytes,
) -> bytes:
    """Return the canonical inputs of a decision, sealed for replay beside their entry.

    They lie under the journal key itself, so the opening of an entry does not reach them.
    """
    _check_holder(keys, holder_seq)
    context = _bound(
        contexts.decision_inputs,
        keys,
        entry_id,
        actor_seq=actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    return seal(keys.journal_key, context, pad(inputs), random=random)


def open_decision_inputs(
    sealed: bytes,
    *,
    keys: EntryKeys,
    entry_id: EntryId,
    holder_seq: int | None,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
) -> bytes:
    """Return the inputs that ``seal_decision_inputs`` took.

    Raises:
        IntegrityError: They do not open with these keys and numbers.
    """
    _check_holder(keys, holder_seq)
    context = _bound(
        contexts.decision_inputs,
        keys,
        entry_id,
        actor_seq=actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    return unpad(open_sealed(keys.journal_key, context, sealed))


def entry_key_of(
    keys: EntryKeys, entry_id: EntryId, *, holder_seq: int | None, actor_seq: int
) -> EntryKey:
    """Return the key of one entry; the arguments are those of ``open_entry``."""
    _check_holder(keys, holder_seq)
    number = actor_number(keys.actor_lane, actor_seq) if holder_seq is None else holder_seq
    return entry_key(keys.journal_key, number=number, entry_id=entry_id)


def reference_of(keys: EntryKeys, entry_id: EntryId, /) -> bytes:
    """Return the holder reference of one entry, 16 bytes; ``NOBODY`` without a holder."""
    return NOBODY if keys.holder_tag_key is None else holder_ref(keys.holder_tag_key, entry_id)


def entry_key(journal_key: JournalKey, *, number: int, entry_id: EntryId) -> EntryKey:
    """Return the key that seals the payload of one entry.

    Args:
        journal_key: Of the holder, or of the system.
        number: The holder's number; the actor's where there is no holder.
        entry_id: 16 bytes.
    """
    info = b"cv1/audit-entry" + u64(number) + entry_id
    suite = journal_key.suite
    secret = suite.expand(journal_key.reveal(), info=info, length=suite.key_bytes)
    return EntryKey(secret, suite=suite)


def _bound(
    make: Callable[..., contexts.Context],
    keys: EntryKeys,
    entry_id: EntryId,
    *,
    actor_seq: int,
    vault_id: bytes,
    suite: Suite,
) -> contexts.Context:
    """Return what both kinds of sealed bytes of an entry are bound to, each by its maker."""
    return make(
        suite=suite,
        vault_id=vault_id,
        holder_ref=reference_of(keys, entry_id),
        actor_number=actor_number(keys.actor_lane, actor_seq),
        entry_id=entry_id,
    )


def _check_holder(keys: EntryKeys, holder_seq: int | None) -> None:
    if (keys.holder_tag_key is None) != (holder_seq is None):
        raise InvalidInputError("a holder has a number, and nobody has none")
