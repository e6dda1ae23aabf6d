import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import IntegrityError, InvalidInputError
from vault.journal.leaves import LEAF_BYTES, Leaf, hour_of

VECTORS = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())["journal"]

LEAVES = st.builds(
    Leaf,
    suite=st.sampled_from([1, 2]),
    hour=st.integers(0, (1 << 32) - 1),
    holder_tag=st.binary(min_size=16, max_size=16),
    actor_tag=st.binary(min_size=16, max_size=16),
    payload_hash=st.binary(min_size=32, max_size=32),
)
LEAF = Leaf(suite=1, hour=0, holder_tag=bytes(16), actor_tag=bytes(16), payload_hash=bytes(32))


@given(leaf=LEAVES)
def test_a_leaf_is_read_back_as_it_was_written(leaf: Leaf) -> None:
    data = leaf.to_bytes()

    assert len(data) == LEAF_BYTES
    assert Leaf.from_bytes(data) == leaf


@pytest.mark.parametrize("entry", VECTORS["entries"])
def test_a_leaf_has_the_bytes_of_the_vectors(entry: dict[str, str]) -> None:
    leaf = Leaf(
        suite=1,
        hour=hour_of(int(entry["unix_seconds"]) * 1000),
        holder_tag=bytes.fromhex(entry["holder_tag"]),
        actor_tag=bytes.fromhex(entry["actor_tag"]),
        payload_hash=bytes.fromhex(entry["sealed_payload_sha256"]),
    )

    assert leaf.to_bytes().hex() == entry["leaf"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LEAF.to_bytes()[:-1],
        LEAF.to_bytes() + b"\x00",
        b"\x02" + LEAF.to_bytes()[1:],
        b"\x01\x00" + LEAF.to_bytes()[2:],
        b"\x01\x03" + LEAF.to_bytes()[2:],
    ],
)
def test_what_is_no_leaf_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        Leaf.from_bytes(data)


@pytest.mark.parametrize(
    "wrong",
    [
        {"suite": 0},
        {"suite": 256},
        {"hour": -1},
        {"hour": 1 << 32},
        {"holder_tag": bytes(15)},
        {"actor_tag": bytes(17)},
        {"payload_hash": bytes(31)},
    ],
)
def test_a_leaf_that_would_be_cut_or_filled_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        replace(LEAF, **wrong)


def test_a_leaf_is_dated_by_the_hour_or_by_the_day_and_by_nothing_else() -> None:
    at_ms = int(datetime(2026, 11, 7, 14, 59, 59, 999_000, tzinfo=UTC).timestamp() * 1000)
    hour, day = hour_of(at_ms), hour_of(at_ms, round_hours=24)

    assert (hour * 3600, day * 3600) == (
        datetime(2026, 11, 7, 14, tzinfo=UTC).timestamp(),
        datetime(2026, 11, 7, tzinfo=UTC).timestamp(),
    )
    assert [h for h in range(day - 2, hour + 3) if replace(LEAF, hour=h).dated(at_ms)] == [
        day,
        hour,
    ]
