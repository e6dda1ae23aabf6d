"""Base64url without padding, one text for each value (RFC 4648 s. 5, RFC 7515 s. 2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def to_base64url(raw: bytes) -> str:
    """Return ``raw`` in base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes whose one form is ``text``.

    The library passes over characters that it does not know, and over bits after the last byte:
    many texts would then name one value.

    Raises:
        ValueError: It is padded, not of the alphabet, or not what ``to_base64url`` writes.
    """
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64url(raw) != text:
        raise ValueError("no base64url")
    return raw
