"""No alteration of a sealed object, its context or its key goes unnoticed."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.crypto import HOLDER_ID, OTHER_HOLDER_ID, RECORD_ID, VAULT_ID, blob_context
from vault.crypto import contexts
from vault.crypto.envelope import Manifest, open_sealed, seal
from vault.crypto.keys import RecordKey
from vault.crypto.streams import read_range, seal_stream
from vault.crypto.suites import Suite
from vault.errors import IntegrityError

FEW = settings(max_examples=40, deadline=None)
CHUNK, SEALED_CHUNK, HEADER = 16384, 16400, 56
SUITES = st.sampled_from(Suite)
LENGTHS = st.integers(0, 100) | st.sampled_from(
    [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5]
)


def key_of(suite: Suite) -> RecordKey:
    return RecordKey(bytes(range(suite.key_bytes)), suite=suite)


def refuses(suite: Suite, sealed: bytes, *, manifest: Manifest) -> None:
    """Both ways to open refuse; a range read may only notice at the altered chunk itself."""
    with pytest.raises(IntegrityError):
        open_sealed(key_of(suite), blob_context(suite), sealed)
    with pytest.raises(IntegrityError):
        b"".join(
            read_range(
                key_of(suite),
                blob_context(suite),
                reader(sealed),
                manifest=manifest,
                offset=0,
                length=manifest.length,
            )
        )


def reader(sealed: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: sealed[offset : offset + length]


@FEW
@given(suite=SUITES, length=LENGTHS)
def test_what_was_sealed_opens(suite: Suite, length: int) -> None:
    plain = os.urandom(length)

    sealed = seal(key_of(suite), blob_context(suite), plain, random=os.urandom)

    assert open_sealed(key_of(suite), blob_context(suite), sealed) == plain


@FEW
@given(suite=SUITES, length=LENGTHS, data=st.data())
def test_any_flipped_bit_is_refused(suite: Suite, length: int, data: st.DataObject) -> None:
    sealed = seal(key_of(suite), blob_context(suite), bytes(length), random=os.urandom)
    at = data.draw(st.integers(0, len(sealed) - 1))
    flipped = sealed[at] ^ 1 << data.draw(st.integers(0, 7))

    altered = sealed[:at] + bytes([flipped]) + sealed[at + 1 :]

    refuses(suite, altered, manifest=Manifest.of(sealed))


@FEW
@given(suite=SUITES, length=LENGTHS, data=st.data())
def test_any_truncation_is_refused(suite: Suite, length: int, data: st.DataObject) -> None:
    sealed = seal(key_of(suite), blob_context(suite), bytes(length), random=os.urandom)
    kept = data.draw(st.integers(0, len(sealed) - 1))

    refuses(suite, sealed[:kept], manifest=Manifest.of(sealed))


@FEW
@given(suite=SUITES, length=LENGTHS, more=st.binary(min_size=1, max_size=20))
def test_anything_appended_is_refused(suite: Suite, length: int, more: bytes) -> None:
    sealed = seal(key_of(suite), blob_context(suite), bytes(length), random=os.urandom)

    refuses(suite, sealed + more, manifest=Manifest.of(sealed))


@FEW
@given(suite=SUITES, order=st.lists(st.integers(0, 3), max_size=6))
def test_chunks_dropped_swapped_or_doubled_are_refused(suite: Suite, order: list[int]) -> None:
    sealed = seal(key_of(suite), blob_context(suite), os.urandom(3 * CHUNK + 9), random=os.urandom)
    chunks = [sealed[HEADER + n * SEALED_CHUNK :][:SEALED_CHUNK] for n in range(4)]

    altered = sealed[:HEADER] + b"".join([chunks[n] for n in order])

    if order == [0, 1, 2, 3]:
        assert altered == sealed
    else:
        refuses(suite, altered, manifest=Manifest.of(sealed))


@FEW
@given(suite=SUITES, length=LENGTHS)
def test_a_chunk_of_another_object_is_refused(suite: Suite, length: int) -> None:
    context, plain = blob_context(suite), bytes(length)
    sealed = seal(key_of(suite), context, plain, random=os.urandom)
    other = seal(key_of(suite), context, plain, random=os.urandom)

    refuses(suite, sealed[:HEADER] + other[HEADER:], manifest=Manifest.of(sealed))


def every_other_file_context() -> Iterator[contexts.Context]:
    right = {
        "suite": Suite.AES_256_GCM,
        "vault_id": VAULT_ID,
        "holder_id": HOLDER_ID,
        "record_id": RECORD_ID,
        "version": 7,
        "code": "identity.passport",
        "number": 1,
    }
    wrong = {
        "vault_id": bytes(16),
        "holder_id": OTHER_HOLDER_ID,
        "record_id": bytes(16),
        "version": 8,
        "code": "identity.passport2",
        "number": 2,
    }
    yield contexts.record_file(**right)  # type: ignore[arg-type]  # Fields by name.
    for name, value in wrong.items():
        yield contexts.record_file(**{**right, name: value})  # type: ignore[arg-type]  # As above.
    yield blob_context(Suite.AES_256_GCM)


def test_every_other_context_is_refused() -> None:
    right, *others = every_other_file_context()
    key = key_of(Suite.AES_256_GCM)
    sealed = seal(key, right, b"plain", random=os.urandom)

    assert len(others) == 7
    for other in others:
        with pytest.raises(IntegrityError):
            open_sealed(key, other, sealed)


@FEW
@given(suite=SUITES, at=st.integers(0, 15), bit=st.integers(0, 7))
def test_every_other_key_is_refused(suite: Suite, at: int, bit: int) -> None:
    sealed = seal(key_of(suite), blob_context(suite), b"plain", random=os.urandom)
    secret = bytearray(key_of(suite).reveal())
    secret[at] ^= 1 << bit

    with pytest.raises(IntegrityError):
        open_sealed(RecordKey(bytes(secret), suite=suite), blob_context(suite), sealed)


@FEW
@given(
    suite=SUITES,
    pieces=st.lists(st.binary(max_size=40) | st.just(bytes(CHUNK)) | st.just(bytes(40000))),
)
def test_a_stream_is_the_same_envelope(suite: Suite, pieces: list[bytes]) -> None:
    stream = seal_stream(key_of(suite), blob_context(suite), pieces, random=os.urandom)

    sealed = b"".join(stream)

    assert stream.manifest == Manifest.of(sealed)
    opened = read_range(
        key_of(suite),
        blob_context(suite),
        reader(sealed),
        manifest=stream.manifest,
        offset=0,
        length=len(sealed),
    )
    assert b"".join(opened) == b"".join(pieces)


@FEW
@given(
    length=LENGTHS,
    offset=st.integers(0, 3 * CHUNK),
    wanted=st.integers(0, 3 * CHUNK) | st.integers(0, 20),
)
def test_a_range_is_the_slice(length: int, offset: int, wanted: int) -> None:
    suite = Suite.AES_256_GCM
    plain = os.urandom(length)
    sealed = seal(key_of(suite), blob_context(suite), plain, random=os.urandom)

    pieces = list(
        read_range(
            key_of(suite),
            blob_context(suite),
            reader(sealed),
            manifest=Manifest.of(sealed),
            offset=offset,
            length=wanted,
        )
    )

    assert b"".join(pieces) == plain[offset : offset + wanted]
    assert all(pieces)
