"""Sealed files: written in two phases, read in ranges, collected when nobody named them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.objects_s3 import PART_BYTES
from tests.support.buckets import objects_in
from tests.support.ports import Ports, open_ports
from tests.support.vault_values import (
    DAY,
    ENTRY_ID,
    NOW_MS,
    SPACE,
    a_file,
    a_holder,
    a_record,
    record_key,
)
from vault.errors import IntegrityError

LATER_MS = NOW_MS + DAY * 1000


@pytest.fixture(params=["memory", "sqlite", "postgresql", "s3"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    """Return an empty vault whose files lie in memory, in a folder, or in a bucket."""
    if request.param != "s3":
        with open_ports(request.param, tmp_path) as opened:
            yield opened
        return
    objects = objects_in(request.getfixturevalue("seaweed"))
    with open_ports("sqlite", tmp_path, objects=objects) as opened:
        yield opened


def write(ports: Ports, *chunks: bytes) -> str:
    object_key, length = ports.blobs.write(SPACE, chunks=iter(chunks), now_ms=NOW_MS)
    assert length == sum(map(len, chunks))
    return object_key


def test_a_file_is_read_back_as_it_was_written(ports: Ports) -> None:
    object_key = write(ports, b"one ", b"", b"two ", b"three")

    assert ports.blobs.read(object_key, offset=0, length=99) == b"one two three"
    assert (len(object_key), set(object_key) - set("0123456789abcdef")) == (32, set())


@pytest.mark.parametrize(
    ("offset", "length", "found"),
    [(0, 3, b"one"), (4, 3, b"two"), (8, 0, b""), (8, 99, b"three"), (13, 5, b""), (99, 1, b"")],
)
def test_a_range_is_cut_at_the_end(ports: Ports, offset: int, length: int, found: bytes) -> None:
    object_key = write(ports, b"one two three")

    assert ports.blobs.read(object_key, offset=offset, length=length) == found


def test_an_empty_file_is_a_file(ports: Ports) -> None:
    assert ports.blobs.read(write(ports), offset=0, length=9) == b""


def test_a_file_of_several_parts_is_read_back_bit_by_bit(ports: Ports) -> None:
    content = os.urandom(2 * PART_BYTES + 12_345)
    chunks = [content[at : at + 16_400] for at in range(0, len(content), 16_400)]

    object_key = write(ports, *chunks)

    assert ports.blobs.read(object_key, offset=0, length=len(content)) == content
    around = PART_BYTES - 5
    assert ports.blobs.read(object_key, offset=around, length=10) == content[around : around + 10]


def test_two_files_never_share_a_name(ports: Ports) -> None:
    one, other = write(ports, b"same"), write(ports, b"same")

    assert one != other


@pytest.mark.parametrize("object_key", ["0" * 32, "", "../" + "0" * 29, "A" * 32])
def test_what_is_not_there_is_gone(ports: Ports, object_key: str) -> None:
    with pytest.raises(IntegrityError):
        ports.blobs.read(object_key, offset=0, length=1)


def test_a_file_that_breaks_off_is_not_kept(ports: Ports) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"the beginning"
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        ports.blobs.write(SPACE, chunks=chunks(), now_ms=NOW_MS)

    assert ports.blobs.collect(now_ms=LATER_MS) == 0


@pytest.mark.parametrize(("now_ms", "gone"), [(LATER_MS - 1000, 0), (LATER_MS, 2)])
def test_what_nobody_named_in_a_day_is_collected_once(
    ports: Ports, now_ms: int, gone: int
) -> None:
    keys = [write(ports, b"one"), write(ports, b"other")]

    collected = [ports.blobs.collect(now_ms=now_ms) for _ in range(2)]

    assert collected == [gone, 0]
    for object_key in keys[:gone]:
        with pytest.raises(IntegrityError):
            ports.blobs.read(object_key, offset=0, length=9)


def test_what_a_record_names_is_kept_for_good(ports: Ports) -> None:
    object_key = write(ports, b"named")
    record = a_record(files=(a_file(object_key),))
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)

    gone = ports.blobs.collect(now_ms=LATER_MS)

    assert gone == 0
    assert ports.blobs.read(object_key, offset=0, length=9) == b"named"
