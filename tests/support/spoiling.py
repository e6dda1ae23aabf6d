"""Bytes that are not what they were."""


def spoilt(raw: bytes) -> bytes:
    """Return ``raw`` with one bit flipped, so that it differs whatever it ended in."""
    return raw[:-1] + bytes([raw[-1] ^ 1])
