"""Base64url: one text for each value, and nothing else is read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vault.base64url import from_base64url, to_base64url


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"\xfb\xff\xbf", "-_-_")],
)
def test_vectors_of_the_rfc_without_padding(raw: bytes, text: str) -> None:
    assert to_base64url(raw) == text
    assert from_base64url(text) == raw


@given(st.binary(max_size=100))
def test_what_is_written_is_read(raw: bytes) -> None:
    assert from_base64url(to_base64url(raw)) == raw


@given(st.text(max_size=20) | st.text("AZaz09-_", max_size=20))
@example("Zh")  # The bits after its only byte are not zero.
@example("Zg==")
@example("Z g")
@example("+/+/")
@example("国")
@example("A")
def test_a_text_is_read_only_if_it_is_what_would_be_written(text: str) -> None:
    try:
        raw = from_base64url(text)
    except ValueError:
        return
    assert to_base64url(raw) == text


@pytest.mark.parametrize("text", ["Zh", "Zg==", "Z g", "+/+/", "国", "A", "Zg\n"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_base64url(text)
