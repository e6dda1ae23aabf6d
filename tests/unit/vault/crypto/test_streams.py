import os
from collections.abc import Callable, Iterator

import pytest

from tests.support.crypto import blob_context, refused_by
from tests.support.spoiling import spoilt
from tests.support.two_keys import two_key_envelope
from vault.crypto.envelope import Manifest, seal
from vault.crypto.keys import RecordKey
from vault.crypto.streams import READ_CHUNKS, read_range, seal_stream
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, InvalidInputError, TooLargeError

AES = Suite.AES_256_GCM
CONTEXT = blob_context(AES)
KEY = RecordKey(bytes(range(32)), suite=AES)
CHUNK, SEALED_CHUNK, HEADER = 16384, 16400, 56


class Recorder:
    """Reads from memory and remembers what was asked for."""

    def __init__(self, sealed: bytes) -> None:
        self.sealed = sealed
        self.asked: list[tuple[int, int]] = []

    def __call__(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        return self.sealed[offset : offset + length]


def opened(
    sealed: Callable[[int, int], bytes],
    manifest: Manifest,
    *,
    offset: int = 0,
    length: int = 1 << 40,
    key: RecordKey = KEY,
) -> Iterator[bytes]:
    return read_range(key, CONTEXT, sealed, manifest=manifest, offset=offset, length=length)


def test_a_manifest_is_not_known_before_the_end() -> None:
    stream = seal_stream(KEY, CONTEXT, [b"plain"], random=os.urandom)
    next(stream)

    with pytest.raises(RuntimeError):
        _ = stream.manifest


def test_a_stream_that_broke_off_has_no_manifest() -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(CHUNK)
        raise ConnectionError

    stream = seal_stream(KEY, CONTEXT, broken(), random=os.urandom)

    with pytest.raises(ConnectionError):
        list(stream)
    assert list(stream) == []
    with pytest.raises(RuntimeError):
        _ = stream.manifest


def test_a_stream_stops_past_its_limit() -> None:
    fits = seal_stream(KEY, CONTEXT, [bytes(60), bytes(40)], random=os.urandom, limit=100)
    exceeds = seal_stream(KEY, CONTEXT, [bytes(60), bytes(41)], random=os.urandom, limit=100)

    assert len(b"".join(fits)) == HEADER + 100 + 16
    with pytest.raises(TooLargeError):
        list(exceeds)


def test_a_limit_counts_the_chunks_that_have_gone() -> None:
    pieces = [bytes(CHUNK), bytes(CHUNK), b"1"]

    stream = seal_stream(KEY, CONTEXT, pieces, random=os.urandom, limit=2 * CHUNK)

    with pytest.raises(TooLargeError):
        list(stream)


def test_a_range_reads_header_then_last_chunk_then_what_overlaps() -> None:
    plain = os.urandom(5 * CHUNK + 100)
    sealed = seal(KEY, CONTEXT, plain, random=os.urandom)
    reader = Recorder(sealed)

    pieces = list(opened(reader, Manifest.of(sealed), offset=CHUNK + 10, length=CHUNK))

    assert b"".join(pieces) == plain[CHUNK + 10 :][:CHUNK]
    assert reader.asked == [
        (0, HEADER),
        (HEADER + 5 * SEALED_CHUNK, 117),
        (HEADER + SEALED_CHUNK, 2 * SEALED_CHUNK),
    ]


def test_a_long_range_is_read_in_portions() -> None:
    plain = os.urandom((READ_CHUNKS + 2) * CHUNK)
    sealed = b"".join(seal_stream(KEY, CONTEXT, [plain], random=os.urandom))
    reader = Recorder(sealed)

    assert b"".join(opened(reader, Manifest.of(sealed))) == plain
    assert [length for _, length in reader.asked] == [
        HEADER,
        17,
        READ_CHUNKS * SEALED_CHUNK,
        2 * SEALED_CHUNK,
    ]


@pytest.mark.parametrize(("offset", "length"), [(200, 10), (100, 10), (50, 0), (0, 0)])
def test_a_range_past_the_end_or_of_nothing_is_empty(offset: int, length: int) -> None:
    sealed = seal(KEY, CONTEXT, bytes(100), random=os.urandom)

    assert list(opened(Recorder(sealed), Manifest.of(sealed), offset=offset, length=length)) == []


@pytest.mark.parametrize(("offset", "length"), [(-1, 10), (0, -1)])
def test_a_negative_range_is_refused(offset: int, length: int) -> None:
    sealed = seal(KEY, CONTEXT, bytes(100), random=os.urandom)

    with pytest.raises(InvalidInputError):
        opened(Recorder(sealed), Manifest.of(sealed), offset=offset, length=length)


def test_nothing_is_read_on_after_a_damaged_last_chunk() -> None:
    sealed = seal(KEY, CONTEXT, bytes(2 * CHUNK), random=os.urandom)
    reader = Recorder(spoilt(sealed))

    with pytest.raises(IntegrityError) as refusal:
        opened(reader, Manifest.of(sealed))

    assert refused_by(refusal.value) == "tag"
    assert len(reader.asked) == 2


def test_the_sound_chunks_before_a_damaged_one_are_all_that_leaves() -> None:
    plain = os.urandom(3 * CHUNK)
    sealed = bytearray(seal(KEY, CONTEXT, plain, random=os.urandom))
    manifest = Manifest.of(bytes(sealed))
    sealed[HEADER + SEALED_CHUNK] ^= 1
    pieces = opened(Recorder(bytes(sealed)), manifest)

    first = next(pieces)

    assert first == plain[:CHUNK]
    with pytest.raises(IntegrityError):
        next(pieces)


def test_another_object_of_the_same_place_is_refused_by_the_manifest() -> None:
    """An older upload of the same file opens under its key, and still is not what was filed."""
    written = seal(KEY, CONTEXT, bytes(100), random=os.urandom)
    older = seal(KEY, CONTEXT, bytes(100), random=os.urandom)

    with pytest.raises(IntegrityError) as refusal:
        opened(Recorder(older), Manifest.of(written))

    assert refused_by(refusal.value) == "manifest"


def test_a_manifest_of_another_length_is_refused() -> None:
    sealed = seal(KEY, CONTEXT, bytes(100), random=os.urandom)
    right = Manifest.of(sealed)
    wrong = Manifest(length=right.length - 1, sha256=right.sha256, commitment=right.commitment)

    with pytest.raises(IntegrityError) as refusal:
        opened(Recorder(sealed), wrong)

    assert refused_by(refusal.value) == "manifest"


def test_a_two_key_envelope_gives_no_range_under_the_second_key() -> None:
    second = RecordKey(bytes(32), suite=AES)
    sealed = two_key_envelope(KEY, second, context=CONTEXT)

    with pytest.raises(IntegrityError) as refusal:
        opened(Recorder(sealed), Manifest.of(sealed), key=second)

    assert refused_by(refusal.value) == "commitment"
    assert len(b"".join(opened(Recorder(sealed), Manifest.of(sealed)))) == 32
