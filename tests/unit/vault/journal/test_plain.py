import json
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.errors import IntegrityError, InvalidInputError
from vault.journal.kinds import Basis
from vault.journal.plain import (
    HEX,
    INTEGER,
    MAX_INTEGER,
    TEXT,
    Coding,
    Part,
    Plain,
    Shape,
    canonical_json,
    many,
    octets,
    one_of,
    parse_canonical,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(value=VALUES)
def test_our_canonical_form_is_that_of_rfc_8785(value: Plain) -> None:
    data = canonical_json(value)

    assert data == rfc8785.dumps(cast("Any", value))
    assert parse_canonical(data) == value


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        1.0,
        float("nan"),
        {"a": [1e3]},
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        {"\u00e9": 1},
        {1: "a"},
        b"bytes",
        {"a": {1, 2}},
        "\ud800",
    ],
)
def test_what_is_not_written_alike_everywhere_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError):
        canonical_json(cast("Plain", value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":01}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\ud800"}',
        b'{"a":1}\n',
        b"[" * 100_000,
        b"9" * 5_000,
    ],
)
def test_a_second_way_to_write_the_same_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_canonical(data)


PAIR: Shape[dict[str, object]] = Shape(
    dict, Part("a", INTEGER, needed=True), Part("b", many(TEXT), "names")
)


class Box:
    def __init__(self, *, size: int) -> None:
        if size > 3:
            raise InvalidInputError("too large")
        self.size = size


@pytest.mark.parametrize("plain", [None, [], {}, {"b": []}, {"a": 1, "c": 1}, {"a": None}])
def test_an_object_with_other_keys_is_refused(plain: object) -> None:
    with pytest.raises(IntegrityError):
        PAIR.read(plain)


def test_an_object_becomes_its_value_under_the_names_of_its_attributes() -> None:
    assert PAIR.read({"a": 1, "b": ["x"]}) == {"a": 1, "names": ("x",)}
    assert PAIR.read({"a": 1}) == {"a": 1}


def test_what_breaks_its_own_rules_is_malformed() -> None:
    with pytest.raises(IntegrityError):
        Shape(Box, Part("size", INTEGER)).read({"size": 4})


@pytest.mark.parametrize(
    ("coding", "plain"),
    [
        (TEXT, 1),
        (INTEGER, "1"),
        (INTEGER, True),
        (INTEGER, -1),
        (INTEGER, MAX_INTEGER + 1),
        (HEX, "0"),
        (HEX, "AB"),
        (HEX, "a b"),
        (HEX, 12),
        (octets(2), "ab"),
        (one_of(Basis), "whim"),
        (one_of(Basis), ["own"]),
        (many(TEXT), "ab"),
        (many(TEXT), [1]),
    ],
)
def test_a_malformed_value_is_refused(coding: Coding[object], plain: object) -> None:
    with pytest.raises(IntegrityError):
        coding.read(plain)


def test_bytes_of_another_length_are_not_written() -> None:
    with pytest.raises(InvalidInputError):
        octets(2).write(b"abc")


def test_codings_give_back_what_they_wrote() -> None:
    written: list[tuple[Any, Any]] = [
        (TEXT, "字"),
        (INTEGER, 0),
        (HEX, b"\x00\xff"),
        (octets(2), b"ab"),
        (one_of(Basis), Basis.OWN),
        (many(HEX), (b"a", b"")),
    ]

    for coding, value in written:
        assert coding.read(json.loads(json.dumps(coding.write(value)))) == value
