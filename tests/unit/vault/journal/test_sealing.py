import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.journal_values import (
    AT_MS,
    DEPARTMENT,
    VAULT_ID,
    chosen_bytes,
    entry_keys,
    entry_numbered,
)
from vault.crypto import contexts
from vault.crypto.envelope import seal
from vault.crypto.keys import DepartmentTagKey, HolderJournalKey, HolderTagKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import DepartmentId, EntryId, RecordId
from vault.journal.entries import Entry
from vault.journal.leaves import Leaf, hour_of
from vault.journal.merkle import leaf_hash
from vault.journal.padding import pad
from vault.journal.sealing import (
    EntryKeys,
    SealedEntry,
    entry_key,
    open_decision_inputs,
    open_entry,
    seal_decision_inputs,
    seal_entry,
)
from vault.journal.tags import (
    NOBODY,
    actor_number,
    actor_tag,
    holder_ref,
    holder_tag,
    record_ref,
)

VECTORS = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())["journal"]
SUITES = pytest.mark.parametrize("suite", list(Suite))
ENTRY = entry_numbered(1)


def sealed(
    entry: Entry = ENTRY,
    *,
    keys: EntryKeys,
    holder_seq: int | None = 5,
    actor_seq: int = 7,
    seed: str = "salt",
    round_hours: int = 1,
) -> SealedEntry:
    return seal_entry(
        entry,
        keys=keys,
        holder_seq=holder_seq,
        actor_seq=actor_seq,
        vault_id=VAULT_ID,
        suite=keys.journal_key.suite,
        random=chosen_bytes(seed),
        round_hours=round_hours,
    )


def opened(payload: bytes, *, keys: EntryKeys, **changed: Any) -> Entry:  # noqa: ANN401 - one argument of many is changed
    place = {
        "entry_id": ENTRY.entry_id,
        "holder_seq": 5,
        "actor_seq": 7,
        "vault_id": VAULT_ID,
        "suite": keys.journal_key.suite,
    }
    return open_entry(payload, keys=keys, **{**place, **changed})


@pytest.mark.parametrize("number", range(5))
def test_our_five_entries_have_the_keys_tags_and_leaves_of_the_vectors(number: int) -> None:
    given_keys, wanted = VECTORS["inputs"], VECTORS["entries"][number]
    suite = Suite.AES_256_GCM
    journal_key = HolderJournalKey(bytes.fromhex(given_keys["holder_journal_key"]), suite=suite)
    holder = HolderTagKey(bytes.fromhex(given_keys["holder_tag_key"]), suite=suite)
    actor = DepartmentTagKey(bytes.fromhex(given_keys["department_tag_key"]), suite=suite)
    entry_id = EntryId(bytes.fromhex(wanted["entry_id"]))

    key = entry_key(journal_key, number=wanted["holder_seq"], entry_id=entry_id)
    context = contexts.audit_payload(
        suite=suite,
        vault_id=b"\xa1" * 16,
        holder_ref=b"\xb2" * 16,
        actor_number=actor_number(0, wanted["actor_number"]),
        entry_id=entry_id,
    )
    payload = seal(
        key,
        context,
        pad(wanted["payload_text"].encode()),
        random=lambda _: bytes.fromhex(wanted["salt"]),
    )
    leaf = Leaf(
        suite=suite,
        hour=hour_of(wanted["unix_seconds"] * 1000),
        holder_tag=holder_tag(holder, wanted["holder_seq"]),
        actor_tag=actor_tag(actor, lane=0, seq=wanted["actor_number"]),
        payload_hash=sha256(payload).digest(),
    )

    assert {
        "entry_key": key.reveal().hex(),
        "context": context.bytes.hex(),
        "sealed_payload_length": len(payload),
        "sealed_payload": payload.hex(),
        "holder_tag": leaf.holder_tag.hex(),
        "actor_tag": leaf.actor_tag.hex(),
        "leaf": leaf.to_bytes().hex(),
        "leaf_hash": leaf_hash(leaf.to_bytes()).hex(),
    } == {
        **{
            name: wanted[name]
            for name in ("entry_key", "context", "sealed_payload_length", "holder_tag")
        },
        **{name: wanted[name] for name in ("actor_tag", "leaf", "leaf_hash")},
        "sealed_payload": wanted.get("sealed_payload", payload.hex()),
    }


@SUITES
def test_a_sealed_entry_opens_and_its_leaf_shows_tags_and_hash_alone(suite: Suite) -> None:
    keys = entry_keys(suite=suite)

    stored = sealed(keys=keys)

    assert opened(stored.payload, keys=keys) == ENTRY
    assert stored.leaf_hash == leaf_hash(stored.leaf)
    assert Leaf.from_bytes(stored.leaf) == Leaf(
        suite=suite,
        hour=hour_of(AT_MS),
        holder_tag=holder_tag(keys.holder_tag_key, 5) if keys.holder_tag_key else NOBODY,
        actor_tag=actor_tag(keys.actor_tag_key, lane=0, seq=7),
        payload_hash=sha256(stored.payload).digest(),
    )


def test_an_entry_without_a_holder_has_a_random_tag_and_opens_by_the_actors_number() -> None:
    keys = entry_keys(holder=None)

    stored = sealed(keys=keys, holder_seq=None)
    other = sealed(keys=keys, holder_seq=None, seed="other")

    assert opened(stored.payload, keys=keys, holder_seq=None) == ENTRY
    assert Leaf.from_bytes(stored.leaf).holder_tag != Leaf.from_bytes(other.leaf).holder_tag
    with pytest.raises(IntegrityError):
        opened(stored.payload, keys=keys, holder_seq=None, actor_seq=8)


def test_a_small_log_dates_its_leaves_by_the_day() -> None:
    leaf = Leaf.from_bytes(sealed(keys=entry_keys(), round_hours=24).leaf)

    assert leaf.hour == hour_of(AT_MS, round_hours=24)


@pytest.mark.parametrize(("holder", "holder_seq"), [(None, 0), (1, None)])
def test_a_holder_has_a_number_and_nobody_has_none(
    holder: int | None, holder_seq: int | None
) -> None:
    keys = entry_keys(holder=holder)

    with pytest.raises(InvalidInputError):
        sealed(keys=keys, holder_seq=holder_seq)
    with pytest.raises(InvalidInputError):
        opened(b"", keys=keys, holder_seq=holder_seq)
    with pytest.raises(InvalidInputError):
        seal_decision_inputs(
            b"{}",
            keys=keys,
            entry_id=ENTRY.entry_id,
            holder_seq=holder_seq,
            actor_seq=0,
            vault_id=VAULT_ID,
            suite=Suite.AES_256_GCM,
            random=chosen_bytes("salt"),
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"holder_seq": 6},
        {"actor_seq": 8},
        {"vault_id": b"\xa2" * 16},
        {"entry_id": EntryId(b"\xee" * 16)},
        {"suite": Suite.SM4_GCM},
    ],
)
def test_an_entry_opens_in_its_own_place_only(changed: dict[str, object]) -> None:
    keys = entry_keys()
    stored = sealed(keys=keys)

    with pytest.raises(IntegrityError):
        opened(stored.payload, keys=keys, **changed)


@pytest.mark.parametrize(
    "swap",
    [
        lambda keys: replace(keys, journal_key=entry_keys(holder=2).journal_key),
        lambda keys: replace(keys, holder_tag_key=entry_keys(holder=2).holder_tag_key),
        lambda keys: replace(keys, actor_lane=1),
    ],
)
def test_an_entry_opens_with_its_own_keys_only(swap: Callable[[EntryKeys], EntryKeys]) -> None:
    keys = entry_keys()
    stored = sealed(keys=keys)

    with pytest.raises(IntegrityError):
        opened(stored.payload, keys=swap(keys))


def test_a_payload_that_names_another_entry_is_refused() -> None:
    keys = entry_keys()
    context = contexts.audit_payload(
        suite=Suite.AES_256_GCM,
        vault_id=VAULT_ID,
        holder_ref=holder_ref(keys.holder_tag_key, ENTRY.entry_id)
        if keys.holder_tag_key
        else NOBODY,
        actor_number=7,
        entry_id=ENTRY.entry_id,
    )
    key = entry_key(keys.journal_key, number=5, entry_id=ENTRY.entry_id)
    forged = seal(key, context, entry_numbered(2).to_bytes(), random=chosen_bytes("salt"))

    with pytest.raises(IntegrityError):
        opened(forged, keys=keys)


@SUITES
def test_decision_inputs_open_for_the_journal_key_and_not_for_the_entry_key(suite: Suite) -> None:
    keys = entry_keys(suite=suite)
    place: dict[str, Any] = {
        "keys": keys,
        "entry_id": ENTRY.entry_id,
        "holder_seq": 5,
        "actor_seq": 7,
        "vault_id": VAULT_ID,
        "suite": suite,
    }

    stored = seal_decision_inputs(b'{"action":"pull"}', **place, random=chosen_bytes("salt"))

    assert open_decision_inputs(stored, **place) == b'{"action":"pull"}'
    for changed in ({"actor_seq": 8}, {"entry_id": EntryId(b"\xee" * 16)}):
        with pytest.raises(IntegrityError):
            open_decision_inputs(stored, **{**place, **changed})
    with pytest.raises(IntegrityError):
        opened(stored, keys=keys)


def test_two_payloads_never_stand_under_one_leaf() -> None:
    keys = entry_keys()
    leaves = {
        sealed(entry_numbered(number), keys=keys, seed=seed).leaf
        for number in range(20)
        for seed in ("one salt", "another")
    }

    assert len(leaves) == 40


@settings(max_examples=60)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_payload_opens_with_no_bit_changed(at: int, bit: int) -> None:
    keys = entry_keys()
    payload = bytearray(sealed(keys=keys).payload)
    payload[at % len(payload)] ^= 1 << bit

    with pytest.raises(IntegrityError):
        opened(bytes(payload), keys=keys)


def test_a_record_has_another_reference_for_each_department() -> None:
    key = HolderTagKey(b"\x01" * 32, suite=Suite.AES_256_GCM)
    record = RecordId(b"\x72" * 16)

    refs = {
        record_ref(key, department_id=department, record_id=record)
        for department in (DEPARTMENT, DepartmentId(b"\xd2" * 16))
    }

    assert [len(ref) for ref in refs] == [16, 16]


@pytest.mark.parametrize(("lane", "seq"), [(-1, 0), (1 << 16, 0), (0, -1), (0, 1 << 48)])
def test_an_actors_number_has_a_lane_of_16_bits_and_a_sequence_of_48(lane: int, seq: int) -> None:
    with pytest.raises(InvalidInputError):
        actor_number(lane, seq)


def test_an_actors_number_is_lane_and_sequence_side_by_side() -> None:
    assert actor_number(0xABCD, 0x1234).to_bytes(8, "big").hex() == "abcd000000001234"


def test_keys_and_payloads_show_nothing_of_themselves() -> None:
    keys = entry_keys()
    stored = sealed(keys=keys)

    assert "\\x" not in repr(keys)
    assert "\\x" not in repr(stored)
