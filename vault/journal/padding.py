"""Lengths that tell little: payloads are padded before they are sealed (journal.md 3).

0x80, then zeros up to a multiple of 256 bytes, at most 64 KiB.
"""

from typing import Final

from vault.errors import IntegrityError, TooLargeError

BLOCK_BYTES: Final = 256
MAX_PAYLOAD_BYTES: Final = 64 * 1024

_PAD: Final = b"\x80"


def pad(text: bytes, /) -> bytes:
    """Return ``text``, 0x80 and zeros, to a multiple of 256 bytes.

    Raises:
        TooLargeError: That would be longer than 64 KiB.
    """
    if len(text) >= MAX_PAYLOAD_BYTES:
        raise TooLargeError("an entry has at most 64 KiB")
    return text + _PAD + bytes(-(len(text) + 1) % BLOCK_BYTES)


def unpad(payload: bytes, /) -> bytes:
    """Return the text inside a padded payload.

    Raises:
        IntegrityError: It was not padded by ``pad``.
    """
    text = payload.rpartition(_PAD)[0]
    if len(payload) > MAX_PAYLOAD_BYTES or pad(text) != payload:
        raise IntegrityError("the payload is not padded as an entry is")
    return text
