"""The list of a state row finds what was put into it, wherever it stands."""

from hypothesis import given
from hypothesis import strategies as st

from storage.row_versions import Versions

NAMES = st.sampled_from([bytes([n % 3]) * 12 for n in range(3)] + [b"\x00" * 11 + b"\x01"])
STEPS = st.lists(st.tuples(NAMES, st.none() | st.integers(0, 2**64 - 1)))


@given(STEPS)
def test_a_list_is_a_mapping(steps: list[tuple[bytes, int | None]]) -> None:
    """Names of few bytes: they are found where two entries touch, and must not be."""
    listed, expected = Versions(), dict[bytes, int]()
    for name, version in steps:
        if version is None:
            listed.drop(name)
            expected.pop(name, None)
        else:
            listed.put(name, version)
            expected[name] = version
        listed = Versions(bytes(listed))

    assert dict(listed.items()) == expected
    assert {name: listed.get(name) for name in expected} == expected
    assert listed.get(b"\x09" * 12) is None
