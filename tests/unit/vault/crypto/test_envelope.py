import os
import random
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support import second_envelope
from tests.support.crypto import (
    HOLDER_ID,
    RECORD_ID,
    VAULT_ID,
    VECTORS,
    blob_context,
    fixed,
    refused_by,
)
from tests.support.two_keys import two_key_envelope
from vault.crypto import contexts
from vault.crypto.envelope import (
    MAX_WHOLE_BYTES,
    Manifest,
    open_sealed,
    plain_length,
    seal,
    sealed_length,
)
from vault.crypto.keys import HolderDataKey, RecordKey, RootKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, TooLargeError

MESSAGES = int(os.environ.get("ENVELOPE_MESSAGES", "200"))
ENVELOPES: dict[str, Any] = VECTORS["envelope"]
AES = Suite.AES_256_GCM


def record_key(suite: Suite = AES) -> RecordKey:
    return RecordKey(bytes(range(suite.key_bytes)), suite=suite)


def salt() -> bytes:
    return bytes.fromhex(ENVELOPES["suite_1"]["salt"])


@pytest.mark.parametrize("suite", Suite)
def test_sealing_gives_the_known_answer(suite: Suite) -> None:
    known = ENVELOPES[f"suite_{suite.value}"]

    sealed = seal(
        record_key(suite),
        blob_context(suite),
        known["plaintext_text"].encode(),
        random=fixed(salt()),
    )

    assert sealed.hex() == known["sealed"]


@pytest.mark.parametrize("suite", Suite)
def test_opening_gives_the_known_answer(suite: Suite) -> None:
    known = ENVELOPES[f"suite_{suite.value}"]

    plain = open_sealed(record_key(suite), blob_context(suite), bytes.fromhex(known["sealed"]))

    assert plain.decode() == known["plaintext_text"]


def test_three_chunks_give_the_known_digest() -> None:
    known = ENVELOPES["suite_1_three_chunks"]
    plain = bytes(i % 251 for i in range(32769))

    sealed = seal(record_key(), blob_context(AES), plain, random=fixed(salt()))

    assert (len(sealed), sha256(sealed).hexdigest()) == (
        known["sealed_length"],
        known["sealed_sha256"],
    )
    assert open_sealed(record_key(), blob_context(AES), sealed) == plain


@pytest.mark.parametrize(("plain", "sealed"), ENVELOPES["sealed_lengths"].items())
def test_lengths_are_the_known_answers(plain: str, sealed: int) -> None:
    made = seal(record_key(), blob_context(AES), bytes(int(plain)), random=os.urandom)

    assert (len(made), sealed_length(int(plain)), plain_length(sealed)) == (
        sealed,
        sealed,
        int(plain),
    )


REFUSED = {case["case"]: case for case in ENVELOPES["must_refuse"]}


@pytest.mark.parametrize(
    ("case", "context"),
    [
        ("last byte cut off", blob_context(AES)),
        ("header only", blob_context(AES)),
        ("one bit of the commitment flipped", blob_context(AES)),
        ("one bit of the body flipped", blob_context(AES)),
        ("wrong version in the context (8)", blob_context(AES, version=8)),
    ],
)
def test_what_must_be_refused_is_refused_by_the_named_check(
    case: str, context: contexts.Context
) -> None:
    known = REFUSED[case]

    with pytest.raises(IntegrityError) as refusal:
        open_sealed(record_key(), context, bytes.fromhex(known["sealed"]))

    assert refused_by(refusal.value) == known["error"]
    assert str(refusal.value) == "sealed bytes do not open"


def test_the_wrong_purpose_is_refused_before_anything_is_derived() -> None:
    """The cipher would refuse it as well, by the commitment; the key's own purposes come first."""
    known = REFUSED["wrong purpose in the context"]
    context = contexts.record_key(
        suite=AES,
        vault_id=VAULT_ID,
        holder_id=HOLDER_ID,
        data_key_version=3,
        record_id=RECORD_ID,
        version=7,
    )
    sealed = bytes.fromhex(known["sealed"])

    with pytest.raises(IntegrityError) as by_key:
        open_sealed(record_key(), context, sealed)
    with pytest.raises(IntegrityError) as by_commitment:
        open_sealed(HolderDataKey(bytes(range(32)), suite=AES), context, sealed)

    assert (refused_by(by_key.value), refused_by(by_commitment.value)) == (
        "key",
        known["error"],
    )


def test_a_missing_empty_last_chunk_is_a_truncation() -> None:
    known = REFUSED[
        "body length a multiple of 16400: "
        "the sealed form of 16384 zero bytes without its empty last chunk"
    ]
    sealed = seal(record_key(), blob_context(AES), bytes(16384), random=os.urandom)

    with pytest.raises(IntegrityError) as refusal:
        open_sealed(record_key(), blob_context(AES), sealed[: 56 + 16400])

    assert refused_by(refusal.value) == known["error"]


def test_every_refusal_of_the_known_answers_is_tested_here() -> None:
    assert len(REFUSED) == 7


@pytest.mark.parametrize("suite", Suite)
def test_a_wrap_gives_the_known_answer(suite: Suite) -> None:
    known = VECTORS["wrap"][f"suite_{suite.value}"]
    parent = HolderDataKey(bytes.fromhex(known["parent_key"]), suite=suite)
    context = contexts.record_key(
        suite=suite,
        vault_id=VAULT_ID,
        holder_id=HOLDER_ID,
        data_key_version=3,
        record_id=RECORD_ID,
        version=7,
    )

    wrap = seal(parent, context, bytes.fromhex(known["child_key"]), random=fixed(salt()))

    assert (wrap.hex(), len(wrap)) == (known["wrap"], known["length"])
    assert open_sealed(parent, context, wrap).hex() == known["child_key"]


@pytest.mark.parametrize("suite", Suite)
def test_a_second_implementation_agrees_on_random_messages(suite: Suite) -> None:
    dice = random.Random(suite.value)  # noqa: S311 - repeatable, not secret
    for _ in range(MESSAGES // 2):
        length = dice.choice([0, 1, 15, 16, 100, 16383, 16384, 16385, 32768, 32769])
        key, drawn = dice.randbytes(suite.key_bytes), dice.randbytes(24)
        plain = dice.randbytes(length)
        context = blob_context(suite, version=dice.randrange(1 << 64))

        sealed = seal(RecordKey(key, suite=suite), context, plain, random=fixed(drawn))
        second = second_envelope.seal(
            suite.value, key=key, salt=drawn, context=context.bytes, plaintext=plain
        )
        opened = second_envelope.open_(suite.value, key=key, context=context.bytes, sealed=sealed)

        assert sealed == second
        assert opened == plain


@pytest.mark.parametrize("case", [case for case in REFUSED.values() if "sealed" in case])
def test_a_second_implementation_refuses_by_the_same_check(case: dict[str, str]) -> None:
    context = case.get("context", ENVELOPES["suite_1"]["context"])

    with pytest.raises(second_envelope.RefusedError, match=case["error"]):
        second_envelope.open_(
            1,
            key=bytes(range(32)),
            context=bytes.fromhex(context),
            sealed=bytes.fromhex(case["sealed"]),
        )


def test_the_known_two_key_ciphertext_opens_twice_without_an_envelope() -> None:
    known = {k: bytes.fromhex(v) for k, v in VECTORS["two_key_ciphertext"].items() if k != "what"}

    opened = [
        AESGCM(known[f"key_{n}"]).decrypt(known["nonce"], known["ciphertext_and_tag"], None)
        for n in (1, 2)
    ]

    assert opened == [known["plaintext_1"], known["plaintext_2"]]


@pytest.mark.parametrize("number", [1, 2])
def test_the_known_two_key_ciphertext_opens_under_neither_key_in_an_envelope(
    number: int,
) -> None:
    known = VECTORS["two_key_ciphertext"]
    sealed = salt() + bytes(32) + bytes.fromhex(known["ciphertext_and_tag"])

    with pytest.raises(IntegrityError):
        open_sealed(
            RecordKey(bytes.fromhex(known[f"key_{number}"]), suite=AES), blob_context(AES), sealed
        )


def test_a_two_key_envelope_opens_only_under_the_key_it_commits_to() -> None:
    first, second = record_key(), RecordKey(bytes(32), suite=AES)
    context = blob_context(AES)
    sealed = two_key_envelope(first, second, context=context)
    key, nonce, _ = second_envelope.derive(
        1, key=second.reveal(), salt=sealed[:24], context=context.bytes
    )

    bare = AESGCM(key).decrypt(nonce, sealed[56:], None)
    with pytest.raises(IntegrityError) as refusal:
        open_sealed(second, context, sealed)

    assert len(bare) == 32  # Without the commitment it would have opened.
    assert refused_by(refusal.value) == "commitment"
    assert len(open_sealed(first, context, sealed)) == 32


def test_a_key_of_another_suite_is_refused() -> None:
    with pytest.raises(IntegrityError) as refusal:
        seal(record_key(Suite.SM4_GCM), blob_context(AES), b"", random=os.urandom)

    assert refused_by(refusal.value) == "key"


def test_a_key_seals_nothing_but_its_own_purposes() -> None:
    with pytest.raises(IntegrityError) as refusal:
        seal(RootKey(bytes(32), suite=AES), blob_context(AES), b"", random=os.urandom)

    assert refused_by(refusal.value) == "key"


def test_a_mebibyte_is_the_most_that_is_sealed_in_one_piece() -> None:
    largest = seal(record_key(), blob_context(AES), bytes(MAX_WHOLE_BYTES), random=os.urandom)

    with pytest.raises(TooLargeError):
        seal(record_key(), blob_context(AES), bytes(MAX_WHOLE_BYTES + 1), random=os.urandom)
    with pytest.raises(IntegrityError) as refusal:
        open_sealed(record_key(), blob_context(AES), largest + b"\0")

    assert len(open_sealed(record_key(), blob_context(AES), largest)) == MAX_WHOLE_BYTES
    assert refused_by(refusal.value) == "long"


def test_the_manifest_of_a_sealed_object_tells_what_was_written() -> None:
    sealed = bytes.fromhex(ENVELOPES["suite_1"]["sealed"])

    manifest = Manifest.of(sealed)

    assert manifest == Manifest(
        length=len(sealed),
        sha256=sha256(sealed).digest(),
        commitment=bytes.fromhex(ENVELOPES["suite_1"]["commitment"]),
    )


@pytest.mark.parametrize("length", [-1, 0, 56, 71, 56 + 16400, 56 + 16400 + 15])
def test_no_sealed_object_has_such_a_length(length: int) -> None:
    with pytest.raises(IntegrityError):
        plain_length(length)
