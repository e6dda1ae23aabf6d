from collections import Counter
from itertools import cycle

import pytest

from vault.crypto.letters import ALPHABET, mint_letters, read_letters, spaced_letters


def test_every_letter_is_as_likely_as_any_other() -> None:
    every = cycle(range(256))
    letters = "".join(
        mint_letters(random=lambda count: bytes(next(every) for _ in range(count)))
        for _ in range(32 * 15)
    )

    assert len(letters) == 32 * 15 * 8
    assert set(letters) == set(ALPHABET)
    counted = Counter(letters)
    assert max(counted.values()) - min(counted.values()) <= max(counted.values()) // 10


def test_a_code_is_eight_letters_also_where_bytes_were_thrown_away() -> None:
    drawn = iter([b"\xff" * 7 + b"\x00", b"\xf0" * 8, bytes(range(1, 9))])

    assert mint_letters(random=lambda _count: next(drawn)) == "BCDFGHJK"


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "BCDF\u3000GHJK"])
def test_what_people_type_is_read_as_it_was_meant(typed: str) -> None:
    assert read_letters(typed) == "BCDFGHJK"


@pytest.mark.parametrize(
    "typed", ["", "BCDFGHJ", "BCDFGHJKL", "BCDFGHJA", "BCDF_GHJK", "\uff22CDFGHJK"]
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert read_letters(typed) == ""


def test_a_code_is_shown_in_two_halves() -> None:
    assert spaced_letters("BCDFGHJK") == "BCDF-GHJK"
